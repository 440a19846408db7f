// SPDX-License-Identifier: MIT
// A filter that says anything, to an MTA that asks about mails.
//
// However each frame is cut, and wherever it is read to, the MTA hears, says and does the same; what it hands
// out is harmless; and what it says, a filter can read.
#include <algorithm>
#include <kilter.hpp>

#include "fuzz/frames.hpp"
#include "fuzz/harmless.hpp"

namespace {

using namespace kilter;
using fuzz::require;

class run {
public:
    explicit run(const fuzz::head& head) : many_mails_{head.flags % 2 != 0} {
        auto offer = offer_of(2 + head.ways[0] % 5);
        if (head.flags & 2) offer.options |= option::data_256k | option::data_1m;
        say(offer);
        go_on();
    }

    void hear(std::string_view piece, bool into_room) {
        fuzz::hear(session_, piece, into_room, [&](std::string_view bytes) { take(bytes); });
    }

    void end() {
        session_.finish();
        log_.append("finished: ").append(to_string(session_.error()));
    }

    const std::string& log() const { return log_; }
    const std::string& said() const { return said_; }
    std::uint32_t size() const { return data_size(session_.state().options()); }

private:
    void take(std::string_view bytes) {
        for (const auto& event : session_.receive(bytes)) {
            log_.append(describe(event)).append("\n");
            match(
                event, [](const protocol_error&) {}, [](const auto& m) { fuzz::check_handed_out(m); });
            lists_.update(event);
            changes_.update(event);
            if (const auto text = refusal(event); !text.empty())
                require(smtp_reply::parse(text).has_value(), "a refusal has a text for the client");
            go_on();
        }
    }

    /// Says what comes next, up to where it has to wait.
    void go_on() {
        for (int steps = 0; session_.open() && session_.now() != todo::wait && steps != 40; ++steps) {
            log_.append(to_string(session_.now())).append("\n");
            if (session_.now() == todo::deliver) {
                for (const auto& change : changes_) log_.append(describe(change)).append("\n");
                log_.append(changes_.body()).append("\n");
            }
            next();
        }
    }

    void next() {
        switch (step_++ % 14) {
            case 0: return with_macros(command::connect{"mx", family::inet, 25, "192.0.2.1"});
            case 1: return with_macros(command::helo{"mx"});
            case 2: return with_macros(command::mail{"<a@b>"});
            case 3: return with_macros(command::rcpt{"<c@d>"});
            case 4: return say(command::rcpt{.recipient = "<e@f>", .rejected = true});
            case 5: return with_macros(command::data{});
            case 6: return say(command::unknown{"XYZZY"});
            case 7: return say(command::header{"Subject", " x"});
            case 8: return with_macros(command::end_of_headers{});
            case 9: return say(command::body{"a\r\n"});
            case 10: return say(command::body{"b\r\n"});
            case 11: return with_macros(command::end_of_message{});
            case 12: return say(command::abort{});
            default:
                if (!many_mails_) return say(command::quit_nc{});
                step_ = 2;  // another mail
        }
    }

    template <class M>
    void with_macros(const M& message) {
        if (session_.wants(message)) {
            const auto macros = lists_.macros_for<M>([](std::string_view name) { return name; });
            if (macros) say(*macros);
        }
        say(message);
    }

    template <class M>
    void say(const M& message) {
        log_.append("send: ").append(to_string(session_.send(message, said_))).append("\n");
    }

    bool many_mails_;
    std::size_t step_ = 0;
    mta_session session_{};
    macro_lists lists_{{stage::connect, "j"}, {stage::mail, "i"}};
    modifications changes_{1000};
    std::string said_{};
    std::string log_{};
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    fuzz::reader input{fuzz::view(data, size)};
    const fuzz::head head{input};
    const auto stream = input.rest();
    // One piece for each frame: what comes with an answer, before the next question, is another matter.
    const auto frames = fuzz::frame_by_frame(stream);

    run whole{head};
    for (const auto frame : frames) whole.hear(frame, false);
    whole.end();
    fuzz::check_commands(whole.said(), whole.size());

    const auto same = [&](auto cut, bool into_room) {
        run other{head};
        for (const auto frame : frames)
            for (const auto piece : cut(frame)) other.hear(piece, into_room);
        other.end();
        require(other.log() == whole.log() && other.said() == whole.said(), "any cutting gives the same");
    };
    const auto as_told = [&](std::string_view frame) { return head.cut(frame); };
    same(as_told, false);
    same(as_told, true);
    same(test::byte_by_byte, false);

    run at_once{head};  // may be refused, but must get through
    at_once.hear(stream, false);
    at_once.end();
    fuzz::check_commands(at_once.said(), at_once.size());
    return 0;
}

extern "C" std::size_t LLVMFuzzerCustomMutator(std::uint8_t* data, std::size_t size, std::size_t most,
                                               unsigned seed) {
    return fuzz::mutate(data, size, most, seed, wire::replies);
}
