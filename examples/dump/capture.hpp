// SPDX-License-Identifier: MIT
// A capture as tcpdump writes it: its packets, and the connections in them.
#pragma once

#include <pcap/pcap.h>

#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <kilter.hpp>
#include <list>
#include <map>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

#include "packet.hpp"
#include "report.hpp"
#include "stream.hpp"
#include "tcp.hpp"

namespace dump {

/// The connections of a capture that are open at a time.
class connections {
public:
    /// `port`: the filter's, or nothing if every connection is wanted.
    connections(report& to, std::uint32_t limit, std::optional<std::uint16_t> port)
        : report_{to}, limit_{limit}, port_{port} {}

    void take(const segment& s, const timeval& time) {
        auto found = by_ends_.find(ends(s));
        if (found != by_ends_.end() && found->second->tcp.is_before(s)) {
            end(found->second);
            found = by_ends_.end();
        }
        if (found == by_ends_.end()) {
            const auto from = speaker(s);
            if (!from) return;
            found = begin(s, *from);
        }
        const auto at = found->second;
        open_.splice(open_.begin(), open_, at);
        at->tcp.take(s, s.from == at->mta ? kilter::side::mta : kilter::side::filter, time);
    }

    /// The capture ends.
    void leave() {
        while (!open_.empty()) end(std::prev(open_.end()));
    }

    int count() const { return count_; }

private:
    using pair = std::pair<endpoint, endpoint>;
    struct open_connection {
        pair key;
        endpoint mta;
        tcp_connection tcp;
    };
    using list = std::list<open_connection>;

    /// If more are open, the one that has been quiet for longest is let go.
    static constexpr std::size_t most_open = 4'096;

    static pair ends(const segment& s) { return {std::min(s.from, s.to), std::max(s.from, s.to)}; }

    /// Who says the first segment that is seen of a connection. Nothing if it isn't known yet.
    std::optional<kilter::side> speaker(const segment& s) const {
        using kilter::side;
        if (port_ && s.to.port != *port_ && s.from.port != *port_) return std::nullopt;
        if (s.length == 0 && !s.syn) return std::nullopt;
        if (port_) return s.to.port == *port_ ? side::mta : side::filter;
        if (s.syn) return s.acknowledged ? side::filter : side::mta;
        for (const auto from : {side::mta, side::filter})
            if (looks_like_frame(from, s.data, limit_)) return from;
        return std::nullopt;
    }

    std::map<pair, list::iterator>::iterator begin(const segment& s, kilter::side from) {
        const bool from_mta = from == kilter::side::mta;
        const auto& mta = from_mta ? s.from : s.to;
        report_.connection(++count_, describe(mta), describe(from_mta ? s.to : s.from), s.syn);
        const auto first_of_mta = from_mta ? s.number + 1 : s.acknowledged.value_or(0);
        open_.push_front(
            {ends(s), mta, tcp_connection{connection{report_, count_, limit_, s.syn}, first_of_mta}});
        const auto added = by_ends_.emplace(ends(s), open_.begin()).first;
        if (open_.size() > most_open) end(std::prev(open_.end()));
        return added;
    }

    void end(list::iterator at) {
        at->tcp.leave();
        by_ends_.erase(at->key);
        open_.erase(at);
    }

    report& report_;
    std::uint32_t limit_;
    std::optional<std::uint16_t> port_;
    int count_ = 0;
    list open_;  ///< the one that has spoken last is in front
    std::map<pair, list::iterator> by_ends_;
};

/// Reads the packets of a capture. `-` is standard input.
inline void read_capture(const std::string& name, connections& into) {
    auto* file = name == "-" ? stdin : std::fopen(name.c_str(), "rb");
    if (file == nullptr) throw std::system_error{errno, std::generic_category(), name};
    char wrong[PCAP_ERRBUF_SIZE] = "";
    const std::unique_ptr<pcap_t, decltype(&pcap_close)> capture{pcap_fopen_offline(file, wrong), pcap_close};
    if (!capture) {
        if (file != stdin) std::fclose(file);
        throw std::runtime_error{name + ": " + wrong};
    }
    const auto kind_of_link = pcap_datalink(capture.get());
    pcap_pkthdr* header = nullptr;
    const unsigned char* bytes = nullptr;
    int status = 0;
    while ((status = pcap_next_ex(capture.get(), &header, &bytes)) == 1) {
        const packet p{{reinterpret_cast<const char*>(bytes), header->caplen}, header->len};
        if (const auto found = tcp_segment(p, kind_of_link)) into.take(*found, header->ts);
    }
    into.leave();
    if (status == PCAP_ERROR) throw std::runtime_error{name + ": " + pcap_geterr(capture.get())};
    if (into.count() == 0) throw std::runtime_error{name + ": no milter connection is in it"};
}

}  // namespace dump
