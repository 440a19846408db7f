// SPDX-License-Identifier: MIT
// One MTA's connection: reads, lets the filter answer, writes.
#pragma once

#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <kilter.hpp>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "descriptor.hpp"
#include "filter.hpp"
#include "settings.hpp"
#include "timer.hpp"

/// What the connections share: one at a time is read from and answered.
struct workspace {
    settings with;
    moment now{};
    std::vector<char> input = std::vector<char>(262'144);
    std::string output{};
};

class connection {
public:
    /// Why it is over: an empty text if all is well. Nothing if it goes on.
    using ending = std::optional<std::string>;

    connection(descriptor socket, const workspace& shared)
        : session_{{.payload = shared.with.max_frame}},
          filter_{shared.with.what},
          since_{shared.now},
          socket_{std::move(socket)} {}
    connection(const connection&) = delete;
    connection& operator=(const connection&) = delete;

    int socket() const { return socket_.get(); }

    /// What epoll is to wait for. While the MTA doesn't read, it isn't read from: answers don't pile up.
    std::uint32_t awaited() const { return unsent_.empty() ? EPOLLIN : EPOLLOUT; }

    /// Is the MTA to go on without delay: with its offer, the rest of a frame, the next of a body, reading?
    bool pressed() const {
        const auto at = session_.state().at();
        return at == kilter::phase::fresh || at == kilter::phase::body || session_.in_frame() ||
               !unsent_.empty();
    }

    /// Since when we wait for that; if we don't, since when nothing has come.
    moment since() const { return since_; }

    /// May it be closed without harm to a message?
    bool at_rest() const { return unsent_.empty() && !session_.state().in_message(); }

    /// What was awaited has happened, or the MTA has gone: then the calls fail.
    ending serve(workspace& shared) {
        auto end = unsent_.empty() ? receive(shared) : go_on(shared);
        if (!pressed()) session_.release_room();
        if (at_rest()) filter_.shrink();
        if (!end && unsent_.empty() && !session_.open()) end = "";
        return end;
    }

private:
    /// Reads once, so that all have their turn. If there is more, epoll says so.
    ending receive(workspace& shared) {
        // [room]
        // The rest of a large frame is read to where its beginning is, and what follows into the buffer. The
        // room may have a few bytes for the next frame, too. That one had better be whole in the buffer.
        auto rest = session_.room();
        if (!rest.empty()) rest = rest.first(rest.size() - kilter::frame_overhead);
        const std::span<char> buffer{shared.input};
        const std::array<iovec, 2> to{{{rest.data(), rest.size()}, {buffer.data(), buffer.size()}}};
        const auto count = ::readv(socket_.get(), to.data(), to.size());
        // [room]
        if (count < 0 && (errno == EAGAIN || errno == EINTR)) return std::nullopt;
        if (count < 0) return std::strerror(errno);
        if (count == 0) return session_.finish() == kilter::errc::ok ? "" : "closed in the middle of a frame";

        ending end;
        bool moves_on = !session_.in_frame();
        shared.output.clear();
        const auto come = static_cast<std::size_t>(count);
        const auto of_rest = std::min(come, rest.size());
        for (const auto bytes : {rest.first(of_rest), buffer.first(come - of_rest)})
            for (const auto& event : session_.receive(bytes)) {
                moves_on = true;
                filter_.answer(event, session_, shared.output);
                if (const auto* wrong = std::get_if<kilter::protocol_error>(&event)) end = describe(*wrong);
            }
        if (moves_on) since_ = shared.now;
        if (auto failed = send(shared.output, shared)) return failed;
        return end;
    }

    /// Writes what the socket takes, and keeps the rest.
    ending send(std::string_view bytes, const workspace& shared) {
        if (bytes.empty()) return std::nullopt;
        if (auto failed = write_front(bytes)) return failed;
        if (bytes.size() > shared.with.max_unsent) return "doesn't read its answers";
        if (bytes.empty()) return std::nullopt;
        unsent_.assign(bytes.begin(), bytes.end());
        sent_ = 0;
        since_ = shared.now;
        return std::nullopt;
    }

    ending go_on(const workspace& shared) {
        auto bytes = std::string_view{unsent_.data(), unsent_.size()}.substr(sent_);
        if (auto failed = write_front(bytes)) return failed;
        sent_ = unsent_.size() - bytes.size();
        if (!bytes.empty()) return std::nullopt;
        unsent_ = std::vector<char>{};  // gives the memory back
        since_ = shared.now;
        return std::nullopt;
    }

    /// Takes off the front what the socket takes.
    ending write_front(std::string_view& bytes) {
        const auto count = ::send(socket_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
        if (count < 0 && errno != EAGAIN && errno != EINTR) return std::strerror(errno);
        if (count > 0) bytes.remove_prefix(static_cast<std::size_t>(count));
        return std::nullopt;
    }

    std::vector<char> unsent_{};  ///< answers that the socket hasn't taken at once
    std::size_t sent_ = 0;        ///< how much of them it has taken since
    kilter::filter_session session_;
    filter filter_;
    moment since_;
    descriptor socket_;
};
