// SPDX-License-Identifier: MIT
// Each allocation fails in turn: what has failed has changed nothing, or has closed the session; nothing
// leaks, and what comes after it is as it would have been.
#include <kilter/describe.hpp>
#include <kilter/macro_lists.hpp>
#include <kilter/macros.hpp>
#include <kilter/modifications.hpp>
#include <kilter/owned.hpp>
#include <kilter/reply_text.hpp>
#include <kilter/session.hpp>
#include <kilter/smtp_reply.hpp>

#include "golden/messages.hpp"
#include "support/catch.hpp"
#include "support/counted.hpp"
#include "support/dialogue.hpp"
#include "support/heap.hpp"

#include <algorithm>
#include <functional>
#include <new>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

using namespace kilter;
using namespace test;
using namespace std::string_literals;
using namespace std::string_view_literals;

namespace {

/// Does this run out of memory?
template <class F>
bool runs_out(F f) {
    try {
        const scarce memory;
        f();
        return false;
    } catch (const std::bad_alloc&) {
        return true;
    }
}

/// Calls run(), which says what is wrong or nothing, with memory for no allocation, for one, for two …, until
/// that is enough. Gives the number that is.
template <class Run>
std::size_t with_each_allocation_failing(Run run) {
    for (std::size_t enough = 0;; ++enough) {
        const auto blocks = heap.blocks;
        supply = {.left = enough};
        const std::string_view wrong = run();
        const bool failed = std::exchange(supply, heap_supply{}).failed;
        const auto leaked = heap.blocks - blocks;
        INFO("memory for " << enough << " allocations: " << wrong);
        REQUIRE(wrong.empty());
        REQUIRE(leaked == 0);
        if (!failed) return enough;
    }
}

void refill() { supply.left = supply.endless; }

/// The same for an allocator: run(usage).
template <class Run>
std::size_t with_each_allocation_of_its_own_failing(Run run) {
    for (std::size_t enough = 0;; ++enough) {
        const auto blocks = heap.blocks;
        usage used{.left = enough};
        const std::string_view wrong = run(used);
        const auto leaked = heap.blocks - blocks;
        INFO("memory for " << enough << " allocations: " << wrong);
        REQUIRE(wrong.empty());
        REQUIRE(used.held == 0);
        REQUIRE(leaked == 0);
        if (used.refused == 0) return enough;
    }
}

/// Both sides of a connection, played with little memory. The first thing that is wrong is in `wrong`.
template <side Side, class Buffer, class Out>
class player {
public:
    /// Reads pieces of `read` bytes, into room() where there is some if `into_room`.
    player(Buffer buffer, Out output, std::size_t read, bool into_room, std::function<void()> more_memory)
        : session_{limits<Side>{}, std::move(buffer)},
          out_{std::move(output)},
          input_(read, '?'),
          into_room_{into_room},
          more_memory_{std::move(more_memory)} {}

    /// Goes through it, or up to where it can't go on.
    std::string_view play(const std::vector<exchange>& all) {
        if constexpr (Side == side::filter) {
            hear(commands_of(all), [&, at = all.begin()](const auto& event) mutable {
                expect(code_of(event) == at->command[length_size], "an event for each command");
                for (const auto& reply : at->replies) say<reply::any>(reply);
                ++at;
            });
            if (!lost_) expect(text(out_) == replies_of(all), "all replies are written");
        } else {
            for (const auto& each : all) {
                if (lost_) return wrong_;
                say<command::any>(each.command);
                hear(replies_of(each), [&, at = each.replies.begin()](const auto& event) mutable {
                    expect(code_of(event) == (*at)[length_size], "an event for each reply");
                    ++at;
                });
            }
            if (!lost_) expect(text(out_) == commands_of(all), "all commands are written");
        }
        if (!lost_) {
            expect(!session_.open() && session_.error() == errc::ok, "it ends well");
            expect(session_.finish() == errc::ok, "nothing is missing at the end");
        }
        return wrong_;
    }

private:
    using any_event = typename session<Side, Buffer>::event;

    void expect(bool holds, const char* what) {
        if (!holds && wrong_.empty()) wrong_ = what;
    }

    static std::string_view text(const Out& out) {
        return {reinterpret_cast<const char*>(out.data()), out.size()};
    }

    static char code_of(const any_event& any) {
        return std::visit(
            []<class M>(const M&) {
                if constexpr (std::is_same_v<M, protocol_error>)
                    return '\0';
                else
                    return wire::row_of<M>().code;
            },
            any);
    }

    /// Says a message. If there is no memory for it, nothing has happened, and it can be said again.
    template <class Any>
    void say(const std::string& bytes) {
        const auto message = [&] {
            if constexpr (Side == side::filter)
                return *decode_reply(only_frame(bytes));
            else
                return *decode_command(only_frame(bytes));
        }();
        std::visit(
            [&]<class M>(const M& m) {
                const std::string before{text(out_)};
                const auto state = session_.state();
                auto said = errc::ok;
                if (runs_out([&] { said = session_.send(m, out_); })) {
                    more_memory_();
                    expect(text(out_) == before, "the output is as it was");
                    expect(session_.state() == state, "the conversation is where it was");
                    expect(session_.open() && session_.error() == errc::ok, "the session goes on");
                    said = session_.send(m, out_);
                }
                expect(said == errc::ok, "the message may be said");
                expect(text(out_) == before + bytes, "the message is written");
            },
            message);
    }

    template <class Act>
    void hear(std::string_view stream, Act act) {
        while (!stream.empty() && !lost_) {
            const auto bytes = read(stream);
            const auto events = [&] { return session_.receive(bytes); };
            hear_all(events(), act);
        }
    }

    std::span<const char> read(std::string_view& stream) {
        std::span<char> to;
        if (into_room_) {
            const auto state = session_.state();
            if (runs_out([&] { to = session_.room(); })) {
                more_memory_();
                expect(session_.state() == state && session_.open() && session_.in_frame(),
                       "without memory for room, one reads elsewhere");
            }
        }
        if (to.empty()) to = input_;
        const auto count = std::min(to.size(), stream.size());
        std::copy_n(stream.data(), count, to.data());
        stream.remove_prefix(count);
        return to.first(count);
    }

    template <class Events, class Act>
    void hear_all(Events&& events, Act& act) {
        auto state = session_.state();
        std::optional<decltype(events.begin())> at;
        if (runs_out([&] { at.emplace(events.begin()); })) return lose(state);
        while (*at != events.end()) {
            act(**at);
            state = session_.state();
            if (runs_out([&] { ++*at; })) return lose(state);
        }
    }

    /// There was no memory for a piece of a frame: the place in the stream is lost.
    void lose(const conversation& before) {
        lost_ = true;
        more_memory_();
        expect(session_.state() == before, "what was heard counts");
        expect(session_.open() && session_.error() == errc::ok, "nobody has been told");
        if constexpr (Side == side::mta)
            expect(!session_.reusable(), "what has lost its place isn't used again");
        auto copy = session_;
        expect(copy.finish() == errc::cut_short, "it doesn't end well");
        std::vector<any_event> told;
        for (const auto& e : session_.receive("\0\0\0\1c\0\0\0\1Q"sv)) told.push_back(e);
        const auto* error = told.size() == 1 ? std::get_if<protocol_error>(&told[0]) : nullptr;
        expect(error != nullptr && error->reason == errc::no_room, "the loop is told, and only that");
        expect(!session_.open() && session_.error() == errc::no_room, "the session is closed");
        if constexpr (Side == side::mta) expect(session_.now() == todo::give_up, "an MTA gives up");
        const std::string out{text(out_)};
        if constexpr (Side == side::filter)
            expect(session_.send(reply::accept{}, out_) == errc::closed, "nothing more is said");
        else
            expect(session_.send(command::abort{}, out_) == errc::closed, "nothing more is said");
        expect(text(out_) == out, "nothing more is written");
        expect(session_.finish() == errc::ok, "the end is the end");
    }

    session<Side, Buffer> session_;
    Out out_;
    std::string input_;
    bool into_room_;
    std::function<void()> more_memory_;
    bool lost_ = false;
    std::string_view wrong_{};
};

constexpr std::size_t body = 10'000;  // there is room() for the rest of such a piece

struct way {
    std::size_t read;
    bool into_room;
};
constexpr way ways[]{{1, false}, {3, false}, {64, false}, {997, false}, {1'448, true}, {20'000, false}};

template <side Side, class Out>
void play_without_memory(way w) {
    const auto all = dialogue(body);
    // What a test needs is allocated while the supply doesn't count.
    const auto enough = with_each_allocation_failing([&]() -> std::string_view {
        player<Side, std::vector<char>, Out> p{{}, {}, w.read, w.into_room, refill};
        return p.play(all);
    });
    INFO("reads of " << w.read);
    CHECK(enough > 3);
}

template <side Side>
void play_without_memory_of_its_own(way w) {
    using buffer = counted_buffer;
    const auto all = dialogue(body);
    const auto for_output = with_each_allocation_of_its_own_failing([&](usage& used) -> std::string_view {
        player<Side, std::vector<char>, buffer> p{
            {}, buffer(counted<char>(used)), w.read, w.into_room, [&] { used.left = 1'000; }};
        return p.play(all);
    });
    const auto for_frames = with_each_allocation_of_its_own_failing([&](usage& used) -> std::string_view {
        player<Side, buffer, std::string> p{
            buffer(counted<char>(used)), {}, w.read, w.into_room, [&] { used.left = 1'000; }};
        return p.play(all);
    });
    INFO("reads of " << w.read);
    CHECK(for_output > 3);
    CHECK(for_frames > 0);
}

}  // namespace

TEST_CASE("a filter that runs out of memory has said nothing, or is closed") {
    for (const auto& w : ways) {
        play_without_memory<side::filter, std::string>(w);
        play_without_memory<side::filter, std::vector<unsigned char>>(w);
        play_without_memory_of_its_own<side::filter>(w);
    }
}

TEST_CASE("an MTA that runs out of memory has said nothing, or is closed") {
    for (const auto& w : ways) {
        play_without_memory<side::mta, std::string>(w);
        play_without_memory<side::mta, std::vector<unsigned char>>(w);
        play_without_memory_of_its_own<side::mta>(w);
    }
}

TEST_CASE("a connection of whole frames takes no memory at all if the output has room") {
    const auto all = dialogue(body);
    std::string out;
    out.reserve(100'000);
    filter_session session;
    auto at = all.begin();
    std::vector<reply::any> replies;
    for (const auto& each : all)
        for (const auto& reply : each.replies) replies.push_back(*decode_reply(only_frame(reply)));
    auto next = replies.begin();
    const auto stream = commands_of(all);
    supply = {.left = 0};
    const bool ran_out = runs_out([&] {
        for (const auto& event : session.receive(stream)) {
            static_cast<void>(event);
            for (const auto& reply : (at++)->replies) {
                static_cast<void>(reply);
                std::visit([&](const auto& m) { session.send(m, out); }, *next++);
            }
        }
    });
    supply = {};
    CHECK_FALSE(ran_out);
    CHECK(out == replies_of(all));
}

namespace {

/// Has this changed nothing if there was no memory for it? `look` gives what can be seen of the object. Then
/// it can be done again; without being disturbed, it does the same.
template <class T, class Act, class Look>
std::string_view all_or_nothing(T& object, Act act, Look look) {
    const auto before = look(object);
    if (!runs_out([&] { act(object); })) return {};
    refill();
    if (look(object) != before) return "what has failed has changed something";
    act(object);
    return {};
}

/// Calls make() with each allocation failing. What it gives is what it gives with memory enough.
template <class Make>
void makes_whole_or_nothing(Make make) {
    const auto expected = make();
    with_each_allocation_failing([&]() -> std::string_view {
        std::optional<decltype(make())> made;
        if (runs_out([&] { made.emplace(make()); })) return made ? "half of it was made" : "";
        return *made == expected ? "" : "it is not what it would have been";
    });
}

template <class Out>
void encodes_whole_or_nothing() {
    const auto begin = "begin"sv;
    golden::for_each([&](const auto& row) {
        const auto encoded = [&](const auto& out) {
            return std::string{reinterpret_cast<const char*>(out.data()), out.size()};
        };
        const auto enough = with_each_allocation_failing([&]() -> std::string_view {
            Out out;
            for (const char c : begin) out.push_back(static_cast<typename Out::value_type>(c));
            out.shrink_to_fit();
            const auto wrong = all_or_nothing(
                out, [&](Out& o) { static_cast<void>(encode(row.message, o)); }, encoded);
            if (!wrong.empty()) return wrong;
            return encoded(out) == std::string{begin} + std::string{row.bytes} ? "" : "it is written wrongly";
        });
        CHECK(enough <= 1);
    });
}

}  // namespace

TEST_CASE("a message is encoded whole or not at all") {
    encodes_whole_or_nothing<std::string>();
    encodes_whole_or_nothing<std::vector<char>>();
    encodes_whole_or_nothing<std::vector<unsigned char>>();
}

TEST_CASE("a body is cut into pieces whole or not at all") {
    const std::string chunk(300'000, 'x');
    const auto enough = with_each_allocation_failing([&]() -> std::string_view {
        std::string out{"begin"};
        const auto wrong = all_or_nothing(
            out, [&](std::string& o) { static_cast<void>(encode_in_pieces(reply::replace_body{chunk}, o)); },
            [](const std::string& o) { return o; });
        if (!wrong.empty()) return wrong;
        return out.size() == 5 + 300'000 + 5 * frame_overhead ? "" : "it is written wrongly";
    });
    CHECK(enough == 1);
}

namespace {

const std::string long_value(1'000, 'v');

/// A definition whose value doesn't fit into what there is.
std::string long_definition(std::string_view name) { return std::string{name} + '\0' + long_value + '\0'; }

/// All that a table says about some names.
lines found(const macro_table& table) {
    lines all;
    for (const auto name : {"a"sv, "b"sv, "c"sv, "d"sv, "e"sv, "f"sv, "g"sv, "h"sv}) {
        const auto value = table.find(name);
        all.emplace_back(value ? *value : "(none)"sv);
    }
    return all;
}

}  // namespace

TEST_CASE("a macro table without memory for a set is as it was") {
    // Each in a place of its own: the set of a command, one that takes another's place, that of a command
    // that keeps none, and the first one after a message, which makes the table forget that.
    const auto a = long_definition("a");
    const auto b = long_definition("b");
    const auto c = long_definition("c");
    const auto d = long_definition("d");
    const auto e = long_definition("e");
    const auto f = long_definition("f") + long_definition("g");
    const auto all = a + b + c + d + e + f;
    const std::vector<command::any> events{
        command::macro{'C', a}, command::connect{},        command::macro{'H', b},   command::helo{},
        command::macro{'M', c}, command::mail{},           command::macro{'R', d},   command::rcpt{},
        command::macro{'R', e}, command::rcpt{},           command::macro{'L', f},   command::header{},
        command::macro{'E', d}, command::end_of_message{}, command::macro{'M', all}, command::mail{},
        command::abort{},       command::quit_nc{}};
    lines expected;
    {
        macro_table table;
        for (const auto& event : events) {
            table.update(event);
            for (const auto& line : found(table)) expected.push_back(line);
        }
    }
    const auto enough = with_each_allocation_failing([&]() -> std::string_view {
        macro_table table;
        lines seen;
        for (const auto& event : events) {
            const auto wrong = all_or_nothing(
                table, [&](macro_table& t) { t.update(event); }, found);
            if (!wrong.empty()) return wrong;
            for (const auto& line : found(table)) seen.push_back(line);
        }
        return seen == expected ? "" : "it knows something else than with memory enough";
    });
    CHECK(enough > 3);
}

namespace {

lines listed(const modifications& changes) {
    lines all;
    for (const auto& change : changes) all.push_back(describe(change));
    all.push_back(changes.replaces_body() ? std::string{changes.body()} : "the old body");
    return all;
}

}  // namespace

TEST_CASE("a list of modifications without memory for one is as it was") {
    const std::string chunk(3'000, 'x');
    const std::vector<reply::any> events{
        reply::add_header{.name = "A", .value = long_value}, reply::replace_body{chunk},
        reply::quarantine{long_value}, reply::replace_body{chunk}, reply::accept{},
        // The first one for another message, for which the list empties itself.
        reply::add_header{.name = "B", .value = chunk}, reply::replace_body{chunk}, reply::reject{},
        reply::replace_body{chunk}};
    lines expected;
    {
        modifications changes;
        for (const auto& event : events) {
            static_cast<void>(changes.update(event));
            for (const auto& line : listed(changes)) expected.push_back(line);
        }
    }
    const auto enough = with_each_allocation_failing([&]() -> std::string_view {
        modifications changes;
        lines seen;
        for (const auto& event : events) {
            const auto wrong = all_or_nothing(
                changes, [&](modifications& m) { static_cast<void>(m.update(event)); }, listed);
            if (!wrong.empty()) return wrong;
            for (const auto& line : listed(changes)) seen.push_back(line);
        }
        return seen == expected ? "" : "it is another list than with memory enough";
    });
    CHECK(enough > 3);
}

TEST_CASE("macro lists without memory for a filter's are as they were") {
    const std::string names = "i {mail_addr} " + long_value;
    const auto symbols = pack_symbols({{stage::connect, names}, {stage::mail, names}, {stage::rcpt, names}});
    const auto look = [](const macro_lists& lists) {
        lines all;
        for (const auto& each : stage_names) all.emplace_back(lists.names(each.value));
        return all;
    };
    const reply::negotiate answer{.symbols = symbols};
    const auto enough = with_each_allocation_failing([&]() -> std::string_view {
        macro_lists ours{{stage::mail, "j"}, {stage::data, "i"}};
        const auto wrong = all_or_nothing(
            ours, [&](macro_lists& m) { m.update(answer); }, look);
        if (!wrong.empty()) return wrong;
        return look(ours) == lines{names, "", names, names, "i", "", ""} ? "" : "the lists are wrong";
    });
    CHECK(enough == 3);
    const std::vector<symbol> defaults{{stage::connect, names}, {stage::mail, names}};
    makes_whole_or_nothing([&] { return look(macro_lists{std::span{defaults}}); });
}

TEST_CASE("macros that there is no memory for can be asked for again") {
    const std::string names = "i {mail_addr}";
    const auto expected = "i\0"s + long_value + "\0{mail_addr}\0"s + long_value + "\0"s;
    const auto enough = with_each_allocation_failing([&]() -> std::string_view {
        macro_lists lists{{stage::mail, names}};
        std::string_view given = "none";  // of bytes that the lists keep
        const auto ask = [&] {
            const auto macros = lists.macros_for<command::mail>(
                [](std::string_view) { return std::string_view{long_value}; });
            given = macros ? macros->definitions.bytes() : "none";
        };
        if (runs_out(ask)) {
            if (given != "none") return "half of them were given";
            refill();
            ask();
        }
        return given == expected ? "" : "the macros are wrong";
    });
    CHECK(enough >= 2);
}

TEST_CASE("an owned message is made, copied and assigned whole or not at all") {
    const command::mail one{long_value, "SIZE=1000\0BODY=8BITMIME\0"sv};
    const command::mail other{"<>", {}};
    const auto equal = [](const command::mail& a, const command::mail& b) { return a == b; };
    const auto enough = with_each_allocation_failing([&]() -> std::string_view {
        std::optional<owned<command::mail>> made;
        std::optional<owned<command::mail>> copy;
        if (runs_out([&] { made.emplace(one); })) {
            refill();
            made.emplace(one);
        }
        if (runs_out([&] { copy.emplace(*made); })) {
            refill();
            copy.emplace(*made);
        }
        owned<command::mail> kept{other};
        if (runs_out([&] { kept = *copy; })) {
            if (!equal(*kept, other)) return "what has failed has changed something";
            refill();
            kept = *copy;
        }
        return equal(**made, one) && equal(**copy, one) && equal(*kept, one) ? "" : "a copy is wrong";
    });
    CHECK(enough == 3);
}

TEST_CASE("what gives a text gives all of it or nothing") {
    const std::vector<std::string_view> texts{"SIZE=1000", long_value, ""};
    makes_whole_or_nothing([&] { return pack_texts(texts); });
    const std::vector<definition> definitions{{"i", long_value}, {"{mail_addr}", "a@b"}};
    makes_whole_or_nothing([&] { return pack_definitions(definitions); });
    const std::vector<symbol> symbols{{stage::connect, long_value}, {stage::mail, "i"}};
    makes_whole_or_nothing([&] { return pack_symbols(symbols); });
    golden::for_each([&](const auto& row) { makes_whole_or_nothing([&] { return describe(row.message); }); });
    makes_whole_or_nothing([] { return describe(all_actions) + describe(all_options); });
    makes_whole_or_nothing([] {
        return describe(
            protocol_error{errc::not_a_milter, '\0', 0x47455420, phase::fresh, question::negotiate});
    });
    const std::vector<std::string_view> reply{"Go away", std::string_view{long_value}.substr(0, 500), "100%"};
    makes_whole_or_nothing([&] { return *reply_text(550, "5.7.1", reply); });
    makes_whole_or_nothing([] { return smtp_text("550-5.7.1 one\r\n550 5.7.1 two, 100%% and more"); });
}

TEST_CASE("a session with a piece of a frame is copied whole or not at all") {
    const auto offer = bytes_of(command::negotiate{});
    const auto frame = bytes_of(command::connect{long_value});
    const auto piece = std::string_view{frame}.substr(0, 500);
    const auto rest = std::string_view{frame}.substr(500);
    // Does it hear the end of the frame?
    const auto goes_on = [&](filter_session& session) {
        bool heard = false;
        for (const auto& event : session.receive(rest)) {
            const auto* client = std::get_if<command::connect>(&event);
            heard = client != nullptr && client->hostname == long_value;
        }
        return heard;
    };
    const auto enough = with_each_allocation_failing([&]() -> std::string_view {
        filter_session one;
        std::string out;
        for (const auto& event : one.receive(offer))
            if (const auto* o = std::get_if<command::negotiate>(&event)) one.send(agree(*o, {}), out);
        for (const auto& event : one.receive(piece)) static_cast<void>(event);
        std::optional<filter_session> copy;
        if (runs_out([&] { copy.emplace(one); })) {
            if (copy) return "half a copy was made";
            refill();
            copy.emplace(one);
        }
        filter_session other;
        if (runs_out([&] { other = one; })) {
            if (other.state() != conversation{} || other.in_frame() || !other.open())
                return "half of it was copied";
            refill();
            other = one;
        }
        return goes_on(one) && goes_on(*copy) && goes_on(other) ? "" : "a copy doesn't go on";
    });
    CHECK(enough == 2);
}
