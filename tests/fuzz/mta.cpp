// SPDX-License-Identifier: MIT
// A filter that says anything, to an MTA that asks about mails.
//
// However each frame is cut, and wherever it is read to, the MTA hears, says and does the same; what it hands
// out is harmless; and what it says, a filter can read.
#include <algorithm>
#include <kilter.hpp>

#include "fuzz/fuzz.hpp"

namespace {

using namespace kilter;
using fuzz::require;

class run {
public:
    explicit run(std::uint8_t way) : way_{way} {
        say(command::negotiate{});
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

private:
    void take(std::string_view bytes) {
        for (const auto& event : session_.receive(bytes)) {
            log_.append(describe(event)).append("\n");
            match(
                event, [](const protocol_error&) {},
                [](const auto& m) { require(check_heard(m) == errc::ok, "what is handed out is harmless"); });
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
                if (way_ % 2 == 0) return say(command::quit_nc{});
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

    std::uint8_t way_;
    std::size_t step_ = 0;
    mta_session session_{};
    macro_lists lists_{{stage::connect, "j"}, {stage::mail, "i"}};
    modifications changes_{1000};
    std::string said_{};
    std::string log_{};
};

void check_commands(std::string_view said) {
    frame_decoder decoder{data_size_64k};
    while (const auto next = decoder.next(said))
        require(decode_command(*next).has_value(), "what an MTA says are commands");
    require(decoder.error() == errc::ok && !decoder.in_frame(), "what an MTA says are whole frames");
}

/// One piece for each frame: what comes with an answer, before the next question, is another matter.
test::pieces frame_by_frame(std::string_view stream) {
    test::pieces all;
    while (stream.size() > 4) {
        const auto size =
            std::min<std::size_t>(stream.size(), std::size_t{4} + detail::load_u32(stream.data()));
        all.push_back(stream.substr(0, size));
        stream.remove_prefix(size);
    }
    if (!stream.empty()) all.push_back(stream);
    return all;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    FuzzedDataProvider input{data, size};
    const auto way = input.ConsumeIntegral<std::uint8_t>();
    const auto cuts = input.ConsumeBytes<std::uint8_t>(input.ConsumeIntegralInRange<std::size_t>(0, 16));
    std::string answer;
    const auto actions = action{input.ConsumeIntegral<std::uint32_t>()} & all_actions;
    const auto options = option{input.ConsumeIntegral<std::uint32_t>()} & all_options;
    require(encode(reply::negotiate{protocol_version, actions, options}, answer) == errc::ok, "an answer");
    const auto stream = fuzz::stream(input, answer, wire::replies);
    FuzzedDataProvider places{cuts.data(), cuts.size()};
    const auto frames = frame_by_frame(stream);

    run whole{way};
    for (const auto frame : frames) whole.hear(frame, false);
    whole.end();
    check_commands(whole.said());

    const auto same = [&](auto cut, bool into_room) {
        run other{way};
        for (const auto frame : frames)
            for (const auto piece : cut(frame)) other.hear(piece, into_room);
        other.end();
        require(other.log() == whole.log() && other.said() == whole.said(), "any cutting gives the same");
    };
    const auto as_told = [&](std::string_view frame) { return fuzz::cut(frame, places); };
    same(as_told, false);
    same(as_told, true);
    same(test::byte_by_byte, false);

    run at_once{way};  // may be refused, but must get through
    at_once.hear(stream, false);
    at_once.end();
    check_commands(at_once.said());
    return 0;
}
