// SPDX-License-Identifier: MIT
// An MTA that says anything, to a filter that answers in every way.
//
// However the stream is cut, and wherever it is read to, the filter hears and says the same; what it says,
// every MTA could take; and it holds no more than it may.
#include <algorithm>
#include <kilter.hpp>

#include "fuzz/frames.hpp"
#include "fuzz/harmless.hpp"
#include "support/counted.hpp"

namespace {

using namespace kilter;
using fuzz::require;
using filter = session<side::filter, test::counted_buffer>;

/// A filter that has heard some stream.
class run {
public:
    /// The head's ways are what it answers, one after the other.
    explicit run(const fuzz::head& head)
        : ways_{head.ways},
          limits_{head.flags % 2 == 0 ? limits<side::filter>{} : few},
          session_{limits_, test::counted_buffer{test::counted<char>{used_}}} {}

    void hear(std::string_view piece, bool into_room) {
        fuzz::hear(session_, piece, into_room, [&](std::string_view bytes) { take(bytes); });
        session_.release_room();
    }

    void end() {
        session_.finish();
        log_.append("finished: ").append(to_string(session_.error()));
    }

    const std::string& log() const { return log_; }
    const std::string& said() const { return said_; }
    std::uint32_t size() const { return data_size(session_.state().options()); }

private:
    static constexpr limits<side::filter> few{.payload = 100, .macros = 20, .idle_messages = 4};

    void take(std::string_view bytes) {
        heard_ += bytes.size();
        for (const auto& event : session_.receive(bytes)) {
            log_.append(describe(event)).append("\n");
            answer(event);
        }
        const auto limit = limits_.payload;
        const auto largest = size() > data_size_64k ? std::max(limit, size()) : limit;
        const auto most =
            std::max<std::size_t>(4096, 2 * std::min<std::size_t>(heard_, std::size_t{largest} + 10));
        require(used_.largest <= most, "the session holds no more than it may");
    }

    void answer(const filter::event& event) {
        if (const auto* offer = std::get_if<command::negotiate>(&event)) {
            const auto options = option{next_way() * 0x01010101u};
            return say(agree(*offer, {.actions = all_actions, .options = options}));
        }
        for (int changes = 0; changes != 6; ++changes) {
            switch (next_way() % 32) {
                case 1: return say(reply::accept{});
                case 2: return say(reply::reject{});
                case 3: return say(reply::tempfail{});
                case 4: return say(reply::discard{});
                case 5: return say(reply::skip{});
                case 6: return say(reply::reply_code{"550 5.7.1 No"});
                case 7: return say(reply::reply_code{"421-4.7.1 Not\r\n421 4.7.1 now"});
                case 8: return say(reply::conn_fail{});
                case 9: return say(reply::shutdown{});
                case 10: return;  // nothing, as yet
                case 11: say(reply::progress{}); break;
                case 12: say(reply::add_header{"X", "1"}); break;
                case 13: say(reply::insert_header{1, "X", "2\n 3"}); break;
                case 14: say(reply::change_header{1, "X", ""}); break;
                case 15: say(reply::change_from{"<a@b>", "A=B"}); break;
                case 16: say(reply::add_rcpt{"<a@b>"}); break;
                case 17: say(reply::add_rcpt_par{"<a@b>", "A=B"}); break;
                case 18: say(reply::delete_rcpt{"<a@b>"}); break;
                case 19: say(reply::replace_body{"a\r\n"}); break;
                case 20: say(reply::quarantine{"why\r\nnot"}); break;
                default: return say(reply::proceed{});
            }
        }
        say(reply::proceed{});
    }

    template <class M>
    void say(const M& message) {
        log_.append("send: ").append(to_string(session_.send(message, said_))).append("\n");
    }

    std::uint8_t next_way() { return ways_[at_++ % ways_.size()]; }

    std::array<std::uint8_t, 24> ways_;
    std::size_t at_ = 0;
    test::usage used_{};
    limits<side::filter> limits_;
    filter session_;
    std::string said_{};
    std::string log_{};
    std::size_t heard_ = 0;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    fuzz::reader input{fuzz::view(data, size)};
    const fuzz::head head{input};
    const auto stream = input.rest();

    run whole{head};
    whole.hear(stream, false);
    whole.end();
    fuzz::check_replies(whole.said(), whole.size());

    const auto same = [&](const test::pieces& pieces, bool into_room) {
        run other{head};
        for (const auto piece : pieces) other.hear(piece, into_room);
        other.end();
        require(other.log() == whole.log() && other.said() == whole.said(), "any cutting gives the same");
    };
    const auto pieces = head.cut(stream);
    same(pieces, false);
    same(pieces, true);
    same(test::byte_by_byte(stream), false);
    return 0;
}

extern "C" std::size_t LLVMFuzzerCustomMutator(std::uint8_t* data, std::size_t size, std::size_t most,
                                               unsigned seed) {
    return fuzz::mutate(data, size, most, seed, wire::commands);
}
