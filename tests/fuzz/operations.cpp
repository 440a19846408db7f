// SPDX-License-Identifier: MIT
// Calls of the whole interface, in any order and with any arguments, on a filter and an MTA whose bytes are
// still under way, and on all that keeps something of what they hear.
//
// What one side sends, the other hears, the same and in this order; what is refused changes nothing; what is
// over stays over; memory is bounded; and what was kept stays as it was.
#include <deque>
#include <kilter.hpp>
#include <utility>

#include "fuzz/calls.hpp"
#include "fuzz/harmless.hpp"
#include "fuzz/keeper.hpp"
#include "fuzz/script.hpp"
#include "support/counted.hpp"

namespace {

using namespace kilter;
using fuzz::call;
using fuzz::essence;
using fuzz::is_body;
using fuzz::is_verdict;
using fuzz::keeper;
using fuzz::require;

using on_the_heap = test::counted_buffer;
using without_heap = fixed_buffer<300>;

template <class Buffer>
Buffer buffer_in(test::usage& memory) {
    if constexpr (std::is_same_v<Buffer, on_the_heap>) return Buffer(test::counted<char>{memory});
    if constexpr (!std::is_same_v<Buffer, on_the_heap>) return Buffer();
}

void check_line(const std::string& line) {
    require(!line.empty() && line.size() < 100'000, "what is shown is a line of some length");
    require(std::all_of(line.begin(), line.end(), [](char c) { return c >= ' ' && c <= '~'; }),
            "what is shown is printable");
}

/// One side, and all that is known of it.
template <side Side, class Buffer>
struct end {
    using session_type = session<Side, Buffer>;

    test::usage memory{};
    limits<Side> most;
    session_type session;
    std::string wire{};                  ///< what is under way to it
    std::deque<std::string> expected{};  ///< the messages in that
    std::size_t heard = 0;               ///< bytes
    std::size_t idle = 0;                ///< messages in a row that bring no mail on
    errc closed_with = errc::ok;
    bool closed = false;

    explicit end(const limits<Side>& all) : most{all}, session{all, buffer_in<Buffer>(memory)} {}

    std::uint32_t largest_frame() const {
        const auto agreed = data_size(session.state().options());
        return agreed > data_size_64k ? std::max(most.payload, agreed) : most.payload;
    }
};

template <class Buffer>
class world {
public:
    world(fuzz::reader& input, std::uint8_t settings)
        : input_{input},
          settings_{settings},
          spoilt_{(settings & (fuzz::setting::without_heap | fuzz::setting::low_limits)) != 0},
          filter_{limits_of<side::filter>()},
          mta_{limits_of<side::mta>()} {
        if ((settings & fuzz::setting::no_tolerance) != 0) mta_.session.tolerate(no_tolerance);
    }

    void run() {
        while (!input_.at_end()) {
            step();
            look_at(filter_);
            look_at(mta_);
            keeper_.check();
            check_turn();
        }
    }

private:
    using filter_end = end<side::filter, Buffer>;
    using mta_end = end<side::mta, Buffer>;

    template <side Side>
    limits<Side> limits_of() const {
        limits<Side> all{};
        if ((settings_ & fuzz::setting::low_limits) != 0)
            all = {.payload = 100, .macros = 20, .idle_messages = 4};
        if (!std::is_same_v<Buffer, on_the_heap>) all.payload = std::min<std::uint32_t>(all.payload, 300 - 5);
        return all;
    }

    void step() {
        switch (static_cast<call>(input_.below(fuzz::calls))) {
            case call::mta_says: return anything_from(mta_);
            case call::filter_says: return anything_from(filter_);
            case call::filter_agrees: return agree_to_something();
            case call::to_filter: return carry(filter_);
            case call::to_mta: return carry(mta_);
            case call::mta_body: return send_body();
            case call::mta_macros: return send_macros();
            case call::spoil_to_filter: return spoil(filter_.wire);
            case call::spoil_to_mta: return spoil(mta_.wire);
            case call::release_room: return release_room();
            case call::finish_filter: return finish(filter_);
            case call::finish_mta: return finish(mta_);
            case call::tolerate: return tolerate();
            case call::texts: return make_reply_text();
            case call::lists: return pack_lists();
        }
    }

    filter_end& other(mta_end&) { return filter_; }
    mta_end& other(filter_end&) { return mta_; }

    template <class From>
    void anything_from(From& from) {
        fuzz::maker maker{input_};
        const auto say_it = [&](const auto& m) { say(from, m); };
        if constexpr (std::is_same_v<From, mta_end>)
            maker.make_any(wire::commands, say_it);
        else
            maker.make_any(wire::replies, say_it);
    }

    /// Says a message, and looks at what that does.
    template <class From, class M>
    void say(From& from, const M& message) {
        auto& session = from.session;
        const auto before = session;
        std::string out = "there";
        const auto wrong = session.send(message, out);
        const auto written = std::string_view{out}.substr(5);
        require(out.starts_with("there"), "what is there stays");
        check_other_outputs(before, message, wrong, written);
        check_refusal<M>(before, session, wrong);
        if (wrong != errc::ok) return require(written.empty(), "what is refused isn't written");
        check_said(from, written);
        if constexpr (command_message<M>) {
            bool nothing = false;
            if constexpr (std::is_same_v<M, command::body>) nothing = message.chunk.empty();
            require(nothing || before.wants(message) != written.empty(), "what isn't wanted is left out");
        }
        auto& to = other(from);
        to.wire.append(written);
        if (!written.empty()) expect(to, message, data_size(session.state().options()));
    }

    template <class To, class M>
    static void expect(To& to, const M& message, std::size_t size) {
        if constexpr (is_body<M>) {
            auto rest = message.chunk;
            do {
                to.expected.push_back(essence(M{rest.substr(0, size)}, true));
                rest.remove_prefix(std::min(size, rest.size()));
            } while (!rest.empty());
        } else {
            to.expected.push_back(essence(message, true));
        }
    }

    template <class Session, class M>
    static void check_other_outputs(const Session& before, const M& message, errc wrong,
                                    std::string_view written) {
        auto same = before;
        std::vector<char> bytes{'t'};
        require(same.send(message, bytes) == wrong, "all outputs are told the same");
        require(std::string_view{bytes.data(), bytes.size()}.substr(1) == written, "and get the same");

        auto in_little_room = before;
        fixed_buffer<100> few;
        few.resize(7);
        const bool fits = written.size() <= 93;
        const auto expected = wrong == errc::ok && !fits ? errc::no_room : wrong;
        require(in_little_room.send(message, few) == expected, "what doesn't fit is refused");
        require(std::string_view{few.data() + 7, few.size() - 7} == (fits ? written : ""), "as a whole");
        check_refusal<M>(before, in_little_room, expected);
    }

    /// A refused verdict closes the session, and so does a refused piece of a body that isn't the first one;
    /// no other refusal changes anything.
    template <class M, class Session>
    static void check_refusal(const Session& before, const Session& after, errc wrong) {
        require((wrong == errc::closed) == !before.open(), "only what is over is said to be over");
        if (wrong == errc::ok || !before.open()) return;
        const bool closes =
            is_verdict<M>() || (std::is_same_v<M, reply::replace_body> && before.state().replacing());
        require(after.open() != closes, "a refused verdict closes the session, and nothing else does");
        if (closes)
            require(after.error() == wrong, "it says why");
        else
            require(after.state() == before.state(), "what is refused changes nothing");
    }

    void check_said(const mta_end& from, std::string_view written) {
        fuzz::check_commands(written, data_size(from.session.state().options()));
    }
    void check_said(const filter_end& from, std::string_view written) {
        fuzz::check_replies(written, data_size(from.session.state().options()));
    }

    void agree_to_something() {
        fuzz::maker maker{input_};
        const auto offer = input_.below(4) == 1 ? maker.make<command::negotiate>() : command::negotiate{};
        const wishes wanted{.actions = input_.number<action>(), .options = input_.number<option>()};
        const auto answer = agree(offer, wanted);
        if (answer) {
            const auto actions = offer.actions == action::none ? v1_actions : offer.actions;
            const auto options = offer.options == option::none ? v1_options : offer.options;
            require(has_all(actions, answer->actions) && has_all(options, answer->options) &&
                        answer->version <= offer.version,
                    "an answer is within the offer");
            return say(filter_, *answer);
        }
        const auto before = filter_.session;
        std::string out;
        const auto wrong = filter_.session.send(answer, out);
        require(wrong == (before.open() ? answer.error() : errc::closed), "no agreement, no answer");
        require(out.empty() && !filter_.session.open(), "and no conversation");
    }

    /// Brings some of what is under way.
    template <class To>
    void carry(To& to) {
        const std::size_t count = input_.byte();
        const auto how = input_.byte();
        const auto bytes = to.wire.substr(0, count == 0 ? to.wire.size() : count);
        to.wire.erase(0, bytes.size());
        auto room = to.session.room();
        require(room.size() <= std::size_t{to.largest_frame()} + 10, "there is no more room than is of use");
        std::string left;
        if ((how & fuzz::manner::into_room) != 0 && !room.empty()) {
            std::fill(room.begin(), room.end(), '?');
            const auto there = std::min(room.size(), bytes.size());
            std::copy_n(bytes.begin(), there, room.begin());
            left = hear(to, room.first(there), how) + bytes.substr(there);
        } else {
            const test::exact piece{bytes};
            left = hear(to, {piece.data(), piece.size()}, how);
        }
        to.wire.insert(0, left);
    }

    /// Gives what the loop hasn't come to.
    template <class To>
    std::string hear(To& to, std::span<const char> bytes, std::uint8_t how) {
        const bool stops = (how & fuzz::manner::stop) != 0;
        const auto size = bytes.size();
        for (bool more = true; more;) {
            more = false;
            auto events = to.session.receive(bytes);
            for (const auto& event : events) {
                require(!to.closed, "what is over stays over");
                take(to, event, how);
                if (!stops) continue;
                more = (how & fuzz::manner::at_once) != 0;
                break;
            }
            bytes = events.rest();
        }
        to.heard += size - bytes.size();
        return {bytes.data(), bytes.size()};
    }

    template <class To, class Event>
    void take(To& to, const Event& event, std::uint8_t how) {
        check_line(describe(event));
        match(
            event,
            [&](const protocol_error& error) {
                require(spoilt_, "what one side sends, the other takes");
                require(!to.session.open() && to.session.error() == error.reason, "an error ends it");
            },
            [&](const auto& message) {
                if (!spoilt_) {
                    require(!to.expected.empty() && to.expected.front() == essence(message, false),
                            "what is sent is heard");
                    to.expected.pop_front();
                }
                check_limits(to, message);
                keeper_.hear(message);
                if ((how & fuzz::manner::keep) != 0) keeper_.keep_copy(message);
                if ((how & fuzz::manner::answer) != 0) anything_from(to);
            });
    }

    template <class To, class M>
    static void check_limits(To& to, const M& message) {
        constexpr bool of_a_mail = std::is_same_v<M, command::mail> || std::is_same_v<M, command::rcpt> ||
                                   std::is_same_v<M, command::data> || std::is_same_v<M, command::header> ||
                                   std::is_same_v<M, command::end_of_headers> ||
                                   std::is_same_v<M, command::body> ||
                                   std::is_same_v<M, command::end_of_message>;
        constexpr bool idle = command_message<M> ? !of_a_mail : std::is_same_v<M, reply::progress>;
        to.idle = idle ? to.idle + 1 : 0;
        require(to.idle <= to.most.idle_messages, "no more messages come in a row than may");
        if constexpr (std::is_same_v<M, command::macro>)
            require(message.definitions.bytes().size() < to.most.macros, "no larger macros come than may");
    }

    void send_body() {
        fuzz::maker maker{input_};
        auto rest = maker.text();
        while (!rest.empty() && mta_.session.wants(command::body{}) && mta_.session.now() == todo::go_on) {
            const auto all = rest;
            const auto piece = mta_.session.take_piece(rest);
            require(!piece.empty() && piece.size() <= data_size(mta_.session.state().options()) &&
                        piece.size() + rest.size() == all.size() && all.starts_with(piece),
                    "a piece is off the front, and no larger than was agreed");
            say(mta_, command::body{piece});
        }
    }

    void send_macros() {
        auto left = input_.below(detail::rows_of<decltype(wire::commands)>::count);
        detail::for_each_row(wire::commands, [&]<class Row>(const Row&) {
            using M = typename Row::message;
            if constexpr (staged_command<M>) {
                if (left == 0) macros_of<M>();
            }
            --left;
        });
    }

    template <class M>
    void macros_of() {
        const auto value_of = [](std::string_view name) -> std::optional<std::string_view> {
            if (name.size() > 9) return std::nullopt;
            return name;
        };
        std::string expected;
        std::string name;
        for (const char c : std::string{keeper_.lists().template names_for<M>()} + " ") {
            if (std::string_view{" \t\r\n,"}.find(c) == std::string_view::npos) {
                name.push_back(c);
                continue;
            }
            const bool braced = name.size() > 1 && name.front() == '{' && name.back() == '}';
            const auto bare = braced ? name.substr(1, name.size() - 2) : name;
            if (!name.empty() && bare.size() <= 9)
                expected.append(name).append(1, '\0').append(bare).append(1, '\0');
            name.clear();
        }
        const auto macros = keeper_.lists().template macros_for<M>(value_of);
        require(macros.has_value() != expected.empty(), "macros are sent if there are any");
        if (!macros) return;
        require(macros->command == wire::row_of<M>().code && macros->definitions.bytes() == expected,
                "each name of the list has its value");
        say(mta_, *macros);
    }

    /// Changes what is under way; then anything may be refused.
    void spoil(std::string& wire) {
        const auto way = input_.below(4);
        const auto at = wire.empty() ? 0 : input_.number<std::uint16_t>() % wire.size();
        spoilt_ = true;
        switch (way) {
            case 0:
                if (!wire.empty()) wire[at] = static_cast<char>(input_.byte());
                return;
            case 1: wire.erase(at, 1 + input_.byte()); return;
            case 2: wire.insert(at, input_.take(input_.byte())); return;
            default: {
                const auto code = static_cast<char>(input_.byte());
                fuzz::maker maker{input_};
                wire.append(test::raw(code, maker.text()));
            }
        }
    }

    void release_room() {
        release_room(filter_);
        release_room(mta_);
    }
    template <class End>
    static void release_room(End& at) {
        at.session.release_room();
        require(at.session.in_frame() || at.memory.held == 0, "memory is given back");
    }

    template <class End>
    void finish(End& at) {
        auto& session = at.session;
        auto expected = errc::ok;
        if constexpr (std::is_same_v<End, mta_end>)
            if (session.state().reply_due()) expected = errc::unanswered;
        if (session.in_frame()) expected = errc::cut_short;
        if (!session.open()) expected = errc::ok;
        require(session.finish() == expected && !session.open(), "a session may be finished at any time");
    }

    void tolerate() {
        const tolerance taken{.oldest = input_.number<std::uint32_t>(),
                              .newest = input_.number<std::uint32_t>(),
                              .other_options = input_.below(2) != 0};
        spoilt_ = spoilt_ || taken.oldest > oldest_version;
        mta_.session.tolerate(taken);
    }

    void make_reply_text() {
        fuzz::maker maker{input_};
        const auto code = input_.number<std::uint16_t>();
        const auto enhanced = maker.text();
        const std::string_view said[]{maker.text(), maker.text()};
        const std::span lines{said, input_.below(3)};
        if (const auto text = reply_text(code, enhanced, lines)) {
            require(check(reply::reply_code{*text}) == errc::ok, "what is made may be sent");
            fuzz::check_replies(test::bytes_of(reply::reply_code{*text}), data_size_64k);
            const auto read = smtp_reply::parse(*text);
            require(read && read->code == std::to_string(code), "the code is the one given");
            require(enhanced.empty() || read->enhanced_code == enhanced, "so is the other");
            std::size_t count = 0;
            for (const auto line : read->lines) {
                if (lines.empty()) break;
                auto shown = smtp_text(line);
                shown.resize(shown.size() - 2);
                require(shown == lines[count++], "and each line");
            }
            require(count == lines.size(), "there are as many lines");
        }
        const auto any = maker.text();
        const auto read = smtp_reply::parse(any);
        require(read.has_value() == (check_heard(reply::reply_code{any}) == errc::ok),
                "what may be heard can be read");
        if (!read) return;
        std::string again;
        for (const auto line : read->lines) {
            require(line.data() >= any.data() && line.data() + line.size() <= any.data() + any.size(),
                    "lines are views of the text");
            again = line;
        }
        require(any.ends_with(again), "the last line is at the end");
    }

    void pack_lists() {
        fuzz::maker maker{input_};
        const std::string_view said[]{maker.text(), maker.text()};
        const bool fit = said[0].find('\0') == said[0].npos && said[1].find('\0') == said[1].npos;
        const auto texts = pack_texts({said[0], said[1]});
        const auto macros = pack_definitions({{said[0], said[1]}});
        const auto at = input_.number<stage>();
        const auto symbols = pack_symbols({{at, said[0]}, {at, said[1]}});
        if (!fit) {
            require(check(command::mail{"<>", texts}) != errc::ok || said[0].find('\0') == 0,
                    "a list with a NUL in it can't be sent");
            return;
        }
        const text_list read{texts};
        require(std::equal(read.begin(), std::ranges::next(read.begin(), read.end()), said, said + 2),
                "texts are as they were given");
        require(*definition_list{macros}.begin() == definition{said[0], said[1]}, "so are macros");
        require(*symbol_list{symbols}.begin() == symbol{at, said[0]}, "so are names of macros");
        say(mta_, command::mail{said[0], texts});
    }

    template <class End>
    void look_at(End& at) {
        auto& session = at.session;
        // As in frame.hpp: a page or twice of what has come, and no more than the largest frame and a bit.
        const auto bound = std::min(std::max<std::size_t>(4096, 2 * at.heard),
                                    std::max<std::size_t>(64, std::size_t{at.largest_frame()} + 10));
        require(at.memory.held <= bound, "a session holds no more than it may");

        constexpr bool is_mta = std::is_same_v<End, mta_end>;
        if constexpr (is_mta) {
            const auto now = session.now();
            require(session.open() || now == todo::close || now == todo::give_up, "it knows what is over");
            require(!session.open() || (now == todo::wait) == session.state().reply_due(), "and what isn't");
            require(!session.reusable() || (session.open() && !session.state().in_message()),
                    "between mails it may be used again");
        }
        if (session.open()) return require(!at.closed, "what is over stays over");
        if (at.closed) require(session.error() == at.closed_with, "for the reason that it had");
        at.closed = true;
        at.closed_with = session.error();
        require(session.room().empty() && !session.state().reply_due(), "nothing more is expected");
        std::string out;
        if constexpr (is_mta) {
            require(!session.reusable() && !session.wants(command::abort{}), "and nothing wanted");
            require(session.send(command::quit{}, out) == errc::closed, "nor said");
        } else {
            require(session.send(reply::accept{}, out) == errc::closed, "nor said");
        }
        for (const auto& event : session.receive(std::string_view{"\0\0\0\1A", 5}))
            require(describe(event).empty(), "nor heard");
    }

    /// Both sides see the same if nothing is under way.
    void check_turn() const {
        const auto& mta = mta_.session;
        const auto& filter = filter_.session;
        if (spoilt_ || !mta_.wire.empty() || !filter_.wire.empty() || !mta.open() || !filter.open()) return;
        require(mta.state().reply_due() == filter.state().reply_due(), "they agree on whose turn it is");
        require(mta.state().asked() == filter.state().asked(), "and on the question");
        require(!mta.in_frame() && !filter.in_frame(), "there are whole frames only");
        require(mta_.expected.empty() && filter_.expected.empty(), "all that was sent was heard");
        require(mta.state().version() == filter.state().version() &&
                    mta.state().actions() == filter.state().actions() &&
                    mta.state().options() == filter.state().options(),
                "they agree on what was agreed");
    }

    fuzz::reader& input_;
    std::uint8_t settings_;
    bool spoilt_;  ///< either side may refuse what the other says
    filter_end filter_;
    mta_end mta_;
    keeper keeper_{500};
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    fuzz::reader input{fuzz::view(data, size)};
    const auto settings = input.byte();
    if ((settings & fuzz::setting::without_heap) != 0)
        world<without_heap>{input, settings}.run();
    else
        world<on_the_heap>{input, settings}.run();
    return 0;
}
