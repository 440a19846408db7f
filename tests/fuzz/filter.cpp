// SPDX-License-Identifier: MIT
// An MTA that says anything, to a filter that answers in every way.
//
// However the stream is cut, and wherever it is read to, the filter hears and says the same; what it says,
// every MTA could take; and it holds no more than it may.
#include <algorithm>
#include <kilter.hpp>

#include "fuzz/fuzz.hpp"
#include "support/counted.hpp"

namespace {

using namespace kilter;
using fuzz::require;
using filter = session<side::filter, test::counted_buffer>;

/// A filter that has heard some stream.
class run {
public:
    /// `ways` says what it answers, one after the other.
    run(const std::vector<std::uint8_t>& ways, std::uint32_t limit)
        : ways_{ways}, limit_{limit}, session_{limit, test::counted_buffer{test::counted<char>{used_}}} {}

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

private:
    void take(std::string_view bytes) {
        heard_ += bytes.size();
        for (const auto& event : session_.receive(bytes)) {
            log_.append(describe(event)).append("\n");
            answer(event);
        }
        const auto most =
            std::max<std::size_t>(4096, 2 * std::min<std::size_t>(heard_, std::size_t{limit_} + 10));
        require(used_.largest <= most, "the session holds no more than it may");
    }

    void answer(const filter::event& event) {
        if (const auto* offer = std::get_if<command::negotiate>(&event)) {
            const auto way = next_way();
            const auto options = option{way * 0x01010101u} & all_options;
            return say(agree(*offer, {.actions = all_actions, .options = options}));
        }
        switch (next_way() % 32) {
            case 0: return say(reply::accept{});
            case 1: return say(reply::reject{});
            case 2: return say(reply::tempfail{});
            case 3: return say(reply::discard{});
            case 4: return say(reply::skip{});
            case 5: return say(reply::reply_code{"550 5.7.1 No"});
            case 6: return say(reply::reply_code{"421-4.7.1 Not\r\n421 4.7.1 now"});
            case 7: return say(reply::conn_fail{});
            case 8: return say(reply::shutdown{});
            case 9: say(reply::progress{}); break;
            case 10: say(reply::add_header{"X", "1"}); break;
            case 11: say(reply::insert_header{1, "X", "2\n 3"}); break;
            case 12: say(reply::change_header{1, "X", ""}); break;
            case 13: say(reply::change_from{"<a@b>", "A=B"}); break;
            case 14: say(reply::add_rcpt{"<a@b>"}); break;
            case 15: say(reply::add_rcpt_par{"<a@b>", "A=B"}); break;
            case 16: say(reply::delete_rcpt{"<a@b>"}); break;
            case 17: say(reply::replace_body{"a\r\n"}); break;
            case 18: say(reply::quarantine{"why\r\nnot"}); break;
            case 19: return;  // nothing, as yet
            default: break;
        }
        say(reply::proceed{});
    }

    template <class M>
    void say(const M& message) {
        log_.append("send: ").append(to_string(session_.send(message, said_))).append("\n");
    }

    std::uint8_t next_way() { return ways_.empty() ? 255 : ways_[at_++ % ways_.size()]; }

    const std::vector<std::uint8_t>& ways_;
    std::size_t at_ = 0;
    test::usage used_{};
    std::uint32_t limit_;
    filter session_;
    std::string said_{};
    std::string log_{};
    std::size_t heard_ = 0;
};

/// What every MTA could read, and use as it is.
void check_replies(std::string_view said) {
    frame_decoder decoder{data_size_1m};
    while (const auto next = decoder.next(said)) {
        const auto reply = decode_reply(*next);
        require(reply.has_value(), "what a filter says are replies");
        match(*reply,
              [](const auto& m) { require(check_heard(m) == errc::ok, "no reply injects anything"); });
    }
    require(decoder.error() == errc::ok && !decoder.in_frame(), "what a filter says are whole frames");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    FuzzedDataProvider input{data, size};
    const auto limit = input.ConsumeBool() ? data_size_64k : 100;
    const auto ways = input.ConsumeBytes<std::uint8_t>(input.ConsumeIntegralInRange<std::size_t>(0, 8));
    const auto cuts = input.ConsumeBytes<std::uint8_t>(input.ConsumeIntegralInRange<std::size_t>(0, 16));
    std::string offer;
    require(encode(command::negotiate{}, offer) == errc::ok, "an offer");
    const auto stream = fuzz::stream(input, offer, wire::commands);
    FuzzedDataProvider places{cuts.data(), cuts.size()};

    run whole{ways, limit};
    whole.hear(stream, false);
    whole.end();
    check_replies(whole.said());

    const auto same = [&](const test::pieces& pieces, bool into_room) {
        run other{ways, limit};
        for (const auto piece : pieces) other.hear(piece, into_room);
        other.end();
        require(other.log() == whole.log() && other.said() == whole.said(), "any cutting gives the same");
    };
    const auto pieces = fuzz::cut(stream, places);
    same(pieces, false);
    same(pieces, true);
    same(test::byte_by_byte(stream), false);
    return 0;
}
