// SPDX-License-Identifier: MIT
// Makes what fuzzing starts from: a dictionary, and for each target a few inputs that get far.
//
// They come from the tables, the golden messages, the transcripts and the captures, written the way in which
// each target reads its input. `fuzz_seeds FOLDER` writes them; a test compares them with those that are
// here.
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <kilter.hpp>
#include <set>
#include <sstream>

#include "fuzz/calls.hpp"
#include "fuzz/script.hpp"
#include "golden/messages.hpp"
#include "support/transcript.hpp"

namespace {

using namespace kilter;
using namespace std::string_literals;
using namespace std::string_view_literals;
namespace files = std::filesystem;
using fuzz::call;

std::string content_of(const files::path& name) {
    std::ifstream file{name, std::ios::binary};
    std::ostringstream all;
    all << file.rdbuf();
    fuzz::require(file.good() && !all.str().empty(), name.c_str());
    return std::move(all).str();
}

const files::path tests{KILTER_TEST_FOLDER};

using test::step;
using conversation_steps = std::vector<step>;

template <class... M>
void say(conversation_steps& to, const M&... messages) {
    (to.push_back({command_message<M>, test::bytes_of(messages), {}}), ...);
}

/// From the offer to the last recipient.
conversation_steps envelope(action actions, option options, std::string_view symbols = {}) {
    conversation_steps steps;
    const reply::proceed proceed{};
    say(steps, command::negotiate{}, reply::negotiate{6, actions, options, symbols});
    say(steps, command::macro{'C', "j\0mx\0{daemon_name}\0a\0"sv},
        command::connect{"a", family::inet6, 25, "IPv6:::1"}, proceed);
    say(steps, command::helo{"a"}, proceed);
    say(steps, command::macro{'M', "i\0Q1\0{mail_addr}\0a@b\0"sv}, command::mail{"<a@b>", "SIZE=1\0"sv},
        proceed);
    say(steps, command::macro{'R', "{rcpt_addr}\0c@d\0"sv}, command::rcpt{"<c@d>"}, proceed);
    return steps;
}

/// A mail in which all is changed that can be.
conversation_steps changes() {
    auto steps = envelope(all_actions, option::leading_space, "\0\0\0\2i {mail_addr}\0"sv);
    const reply::proceed proceed{};
    say(steps, command::data{}, proceed, command::header{"Subject", "x\n y", " "}, proceed);
    say(steps, command::end_of_headers{}, proceed, command::body{"a\r\n"}, proceed);
    say(steps, command::end_of_message{}, reply::progress{}, reply::add_header{"X", "1", " "},
        reply::insert_header{0, "X", "2\n 3", " "}, reply::change_header{1, "Subject", "", ""},
        reply::change_from{"<e@f>", "A=B"}, reply::add_rcpt{"<g@h>"}, reply::add_rcpt_par{"<i@j>", "N=N"},
        reply::delete_rcpt{"<c@d>"}, reply::replace_body{"b\r\n"}, reply::replace_body{"c\r\n"},
        reply::quarantine{"why"}, reply::accept{}, command::quit{});
    return steps;
}

/// Everything is refused that can be.
conversation_steps refusals() {
    auto steps = envelope({}, option::skip | option::rejected_rcpt);
    const reply::proceed proceed{};
    say(steps, command::rcpt{"<e@f>"}, reply::reply_code{"550-5.7.1 No\r\n550 5.7.1 100%%"});
    say(steps, command::rcpt{"<g@h>"}, reply::reject{}, command::unknown{"XYZZY 1"}, reply::reject{});
    say(steps, command::data{}, proceed, command::header{"A", "1"}, reply::skip{}, command::abort{});
    say(steps, command::mail{"<>"}, reply::tempfail{}, command::mail{"<a@b>"}, reply::discard{});
    say(steps, command::mail{"<a@b>"}, reply::accept{}, command::quit_nc{});
    say(steps, command::connect{"b", family::local, 0, "/s"}, reply::reply_code{"421 4.7.1 Later"},
        command::quit{});
    return steps;
}

/// A mail that is large enough for room().
conversation_steps large() {
    auto steps = envelope(all_actions, option::silent_body);
    const std::string body(6'000, 'x');
    say(steps, command::body{body}, command::body{"y"}, command::end_of_message{});
    say(steps, reply::replace_body{body}, reply::proceed{}, command::quit{});
    return steps;
}

/// Texts that can't be sent, and then some that can. Of a frame that isn't written nothing is heard.
std::string bad_texts() {
    fuzz::writer to;
    const auto carry = [&](call c) {
        to.byte(static_cast<std::size_t>(c));
        to.byte(0);
        to.byte(0);
    };
    const auto mta_says = [&](const auto& message) {
        to.byte(static_cast<std::size_t>(call::mta_says));
        to.any(message, wire::commands);
        carry(call::to_filter);
    };
    const auto filter_says = [&](const auto&... messages) {
        const auto one = [&](const auto& message) {
            to.byte(static_cast<std::size_t>(call::filter_says));
            to.any(message, wire::replies);
        };
        (one(messages), ...);
        carry(call::to_mta);
    };
    const std::string very_large(75'000, 'x');
    const std::string large(1'500, 'x');
    to.byte(0);
    mta_says(command::negotiate{});
    filter_says(reply::negotiate{6, all_actions, option::no_connect | option::no_helo | option::silent_body});
    mta_says(command::mail{"a\0b"sv});
    mta_says(command::mail{very_large});
    mta_says(command::mail{large});
    filter_says(reply::proceed{});
    mta_says(command::rcpt{"<a@b>"});
    filter_says(reply::proceed{});
    mta_says(command::rcpt{"<c@d>", {}, true});
    mta_says(command::header{"", "a"});
    to.byte(static_cast<std::size_t>(call::mta_body));
    to.text(very_large);
    carry(call::to_filter);
    mta_says(command::body{very_large});
    mta_says(command::end_of_message{});
    filter_says(reply::add_header{"X:", "1"}, reply::add_header{"X", "a\rb"}, reply::add_header{"X", "a\nb"},
                reply::add_header{"X\r", "1"}, reply::add_header{"X", "a\0"sv},
                reply::add_header{"X", "a\n b"});
    filter_says(reply::change_header{0, "X", "1"}, reply::insert_header{~0u, "X", "1"},
                reply::change_from{"", "a"}, reply::change_from{"<a@b>", "a\nb"}, reply::add_rcpt{"a\r"},
                reply::add_rcpt_par{"<a@b>", "\x7f"}, reply::delete_rcpt{"a\n"}, reply::quarantine{"a\r\nb"});
    filter_says(reply::add_header{"X", large}, reply::add_header{"X", "2"}, reply::replace_body{very_large});
    filter_says(reply::replace_body{"a"}, reply::progress{}, reply::accept{});
    mta_says(command::unknown{"X"});
    filter_says(reply::reply_code{"550 No\n250 Yes"});
    filter_says(reply::conn_fail{});
    return to.bytes();
}

/// Nothing that brings a mail on.
conversation_steps idle() {
    conversation_steps steps;
    say(steps, command::negotiate{}, reply::negotiate{6, {}, option::silent_unknown});
    for (int i = 0; i != 7; ++i) say(steps, command::unknown{"X"});
    say(steps, command::quit{});
    return steps;
}

std::string stream_of(const conversation_steps& steps, bool from_mta) {
    std::string bytes;
    for (const auto& s : steps)
        if (s.from_mta == from_mta) bytes.append(s.bytes);
    return bytes;
}

/// What stands in front of a stream: see fuzz::head.
std::string head(std::uint8_t flags, std::string cuts = {}, std::string ways = {}) {
    cuts.resize(7);
    ways.resize(24);
    return std::string(1, static_cast<char>(flags)) + cuts + ways;
}

/// Calls f(message) with what a step says.
template <class F>
void with_message(const step& s, F f) {
    const frame in{s.bytes[4], std::string_view{s.bytes}.substr(5)};
    if (s.from_mta)
        match(*decode_command(in), f);
    else
        match(*decode_reply(in), f);
}

template <class M>
constexpr const auto& table_of() {
    if constexpr (command_message<M>) return wire::commands;
    if constexpr (reply_message<M>) return wire::replies;
}

/// A conversation as the target `pair` reads it.
std::string pair_script(const conversation_steps& steps, bool spoilt, std::size_t piece) {
    fuzz::writer to;
    to.byte(spoilt);
    for (const auto& s : steps) {
        to.byte(1);
        with_message(s, [&]<class M>(const M& message) {
            if constexpr (std::is_same_v<M, reply::negotiate>) {
                to.number(message.actions);
                to.number(message.options);
            } else if constexpr (!std::is_same_v<M, command::negotiate>) {
                to.any(message, table_of<M>());
            }
        });
        if (spoilt) to.byte(7);
        to.byte(piece);
    }
    return to.bytes();
}

/// A conversation as a list of calls. A piece of each frame comes before the rest; without a size, all comes
/// when it is the other side's turn.
std::string calls(const conversation_steps& steps, std::uint8_t settings, std::size_t piece,
                  std::uint8_t manner) {
    fuzz::writer to;
    const auto bring = [&](bool to_filter, std::size_t size) {
        to.byte(static_cast<std::size_t>(to_filter ? call::to_filter : call::to_mta));
        to.byte(size);
        to.byte(manner);
    };
    to.byte(settings);
    for (std::size_t i = 0; i != steps.size(); ++i) {
        const auto& s = steps[i];
        to.byte(static_cast<std::size_t>(s.from_mta ? call::mta_says : call::filter_says));
        with_message(s, [&]<class M>(const M& message) { to.any(message, table_of<M>()); });
        const bool turn = i + 1 == steps.size() || steps[i + 1].from_mta != s.from_mta;
        if (piece != 0) bring(s.from_mta, piece);
        if (piece != 0 || turn) bring(s.from_mta, 0);
    }
    return to.bytes();
}

/// Calls of what isn't said in any conversation.
std::string other_calls() {
    fuzz::writer to;
    const auto begin = [&](call c) { to.byte(static_cast<std::size_t>(c)); };
    const auto bring = [&](call c) {
        begin(c);
        to.byte(0);
        to.byte(fuzz::manner::keep);
    };
    to.byte(0);
    begin(call::tolerate);
    to.number(std::uint32_t{0});
    to.number(std::uint32_t{7});
    to.byte(1);
    begin(call::mta_says);
    to.any(offer_of(6), wire::commands);
    bring(call::to_filter);
    begin(call::filter_agrees);
    to.byte(0);
    to.number(all_actions);
    to.number(option::silent_body);
    bring(call::to_mta);
    for (const std::size_t command : {2u, 4u, 5u}) {
        begin(call::mta_macros);
        to.byte(command);
    }
    begin(call::mta_says);
    to.any(command::connect{"a"}, wire::commands);
    bring(call::to_filter);
    begin(call::filter_says);
    to.any(reply::proceed{}, wire::replies);
    bring(call::to_mta);
    begin(call::mta_body);
    to.text("a");
    begin(call::texts);
    to.number(std::uint16_t{550});
    to.text("5.7.1");
    to.text("a");
    to.text("100%");
    to.byte(2);
    to.text("550-5.7.1 a\r\n550 5.7.1 b");
    begin(call::lists);
    to.text("a");
    to.text("X-Name");
    to.number(stage::mail);
    begin(call::release_room);
    begin(call::finish_mta);
    begin(call::finish_filter);
    return to.bytes();
}

/// Little-endian, as captures of most machines have it.
void put(std::string& to, std::uint32_t number, int bytes) {
    for (; bytes != 0; --bytes, number >>= 8) to.push_back(static_cast<char>(number & 0xff));
}
void put_big(std::string& to, std::uint32_t number, int bytes) {
    while (bytes-- != 0) to.push_back(static_cast<char>(number >> (8 * bytes) & 0xff));
}

/// A TCP segment with its IP header.
std::string ip(bool v6, bool from_mta, std::uint32_t number, std::uint32_t seen, std::uint32_t flags,
               std::string_view data) {
    std::string tcp;
    put_big(tcp, from_mta ? 1000 : 25, 2);
    put_big(tcp, from_mta ? 25 : 1000, 2);
    put_big(tcp, number, 4);
    put_big(tcp, seen, 4);
    put_big(tcp, 5 << 12 | flags, 2);
    tcp.append(6, '\0').append(data);
    const auto size = static_cast<std::uint32_t>(tcp.size());
    const auto address = [&](bool mta) { return std::string(v6 ? 15 : 3, '\0') + (mta ? '\1' : '\2'); };
    std::string packet;
    if (v6) {
        put_big(packet, 6u << 28, 4);
        put_big(packet, size, 2);
        put_big(packet, 6 << 8 | 64, 2);
    } else {
        put_big(packet, 0x45 << 8, 2);
        put_big(packet, 20 + size, 2);
        put_big(packet, 0, 4);
        put_big(packet, 64 << 8 | 6, 2);
        put_big(packet, 0, 2);
    }
    return packet + address(from_mta) + address(!from_mta) + tcp;
}

/// A conversation as packets of IP.
std::vector<std::string> packets(const conversation_steps& steps, bool v6) {
    constexpr std::uint32_t syn = 2;
    constexpr std::uint32_t ack = 16;
    constexpr std::uint32_t fin = 1;
    std::vector<std::string> all;
    std::uint32_t said[]{0xffff'ff00, 7};  // by the MTA, and by the filter
    all.push_back(ip(v6, true, said[0]++, 0, syn, {}));
    all.push_back(ip(v6, false, said[1]++, said[0], syn | ack, {}));
    for (const auto& s : steps) {
        auto& mine = said[s.from_mta ? 0 : 1];
        all.push_back(ip(v6, s.from_mta, mine, said[s.from_mta ? 1 : 0], ack, s.bytes));
        mine += static_cast<std::uint32_t>(s.bytes.size());
    }
    all.push_back(ip(v6, true, said[0], said[1], fin | ack, {}));
    all.push_back(ip(v6, false, said[1], said[0] + 1, fin | ack, {}));
    return all;
}

/// A capture as tcpdump wrote it first.
std::string pcap(const conversation_steps& steps, std::uint32_t kind_of_link, std::string_view link,
                 bool v6) {
    std::string file;
    for (const auto number : {0xa1b2c3d4u, 0x00040002u, 0u, 0u, 65'535u, kind_of_link}) put(file, number, 4);
    for (const auto& packet : packets(steps, v6)) {
        const auto size = static_cast<std::uint32_t>(link.size() + packet.size());
        for (const auto number : {1u, 2u, size, size}) put(file, number, 4);
        file.append(link).append(packet);
    }
    return file;
}

/// A capture as Wireshark writes it.
std::string pcapng(const conversation_steps& steps) {
    std::string file;
    for (const auto number : {0x0a0d0d0au, 28u, 0x1a2b3c4du, 1u, ~0u, ~0u, 28u}) put(file, number, 4);
    for (const auto number : {1u, 20u, 101u, 65'535u, 20u}) put(file, number, 4);
    for (auto packet : packets(steps, false)) {
        const auto size = static_cast<std::uint32_t>(packet.size());
        packet.resize((packet.size() + 3) / 4 * 4);
        const auto all = static_cast<std::uint32_t>(packet.size()) + 32;
        for (const auto number : {6u, all, 0u, 0u, 1u, size, size}) put(file, number, 4);
        file.append(packet);
        put(file, all, 4);
    }
    return file;
}

/// A conversation as the target `dump` reads segments.
std::string segments(const conversation_steps& steps) {
    fuzz::writer to;
    std::string bytes;
    const auto add = [&](std::size_t flags, std::size_t number, std::size_t seen, std::string_view data) {
        to.byte(flags);
        to.byte(number);
        if ((flags & 16) != 0) to.byte(seen);
        to.byte(data.size());
        for (const char c : data) to.byte(static_cast<unsigned char>(c));
    };
    std::size_t said[]{1, 1};
    add(2, 0, 0, {});
    add(2 | 1 | 16, 0, 1, {});
    for (const auto& s : steps) {
        const std::size_t from = s.from_mta ? 0 : 1;
        if (s.bytes.size() > 200 || said[from] + s.bytes.size() > 255) break;
        add(16 | from, said[from], said[1 - from], s.bytes);
        said[from] += s.bytes.size();
    }
    add(4 | 16, said[0], said[1], {});
    add(8 | 1, said[1], 0, {});
    return to.bytes();
}

/// Writes the inputs.
class corpus {
public:
    explicit corpus(files::path folder) : folder_{std::move(folder)} {}

    void add(const std::string& target, const std::string& name, const std::string& bytes) const {
        const auto to = folder_ / "seeds" / target;
        files::create_directories(to);
        std::ofstream file{to / name, std::ios::binary};
        file << bytes;
        fuzz::require(file.good(), name.c_str());
    }

    /// The words of the protocol, as libFuzzer reads them.
    void write_dictionary(const std::set<std::string>& words) const {
        std::ofstream file{folder_ / "milter.dict", std::ios::binary};
        file << "# SPDX-License-Identifier: MIT\n# Made by fuzz_seeds, from the tables and the golden "
                "messages.\n";
        for (const auto& word : words) {
            std::string escaped;
            for (const char c : word) {
                if (c >= ' ' && c <= '~' && c != '"' && c != '\\') {
                    escaped.push_back(c);
                } else {
                    escaped.append("\\x");
                    kilter::detail::append_hex(escaped, static_cast<unsigned char>(c), 2);
                }
            }
            file << '"' << escaped << "\"\n";
        }
        fuzz::require(file.good(), "the dictionary");
    }

private:
    files::path folder_;
};

std::set<std::string> words() {
    std::set<std::string> all;
    const auto add_number = [&](std::uint32_t number) {
        std::string bytes;
        put_big(bytes, number, 4);
        all.insert(bytes);
    };
    const auto add_codes = [&](const auto& table) {
        kilter::detail::for_each_row(table, [&](const auto& row) { all.insert(test::raw(row.code)); });
    };
    add_codes(wire::commands);
    add_codes(wire::replies);
    for (const auto& bit : action_names) add_number(static_cast<std::uint32_t>(bit.value));
    for (const auto& bit : option_names) add_number(static_cast<std::uint32_t>(bit.value));
    for (const auto& at : stage_names) add_number(static_cast<std::uint32_t>(at.value));
    for (const auto number : {~0u, 0x7fff'ffffu, 0x8000'0000u, data_size_64k + 1, data_size_64k + 2,
                              data_size_256k + 1, data_size_1m + 1, data_size_1m + 2})
        add_number(number);
    for (const char* text :
         {"\r\n", "\n ", "\n\t", "\r", "421 ", "550-", "550 5.7.1 ", "%%", "HELO", "GET ", "<>", "{i}"})
        all.insert(text);
    const auto add_texts = [&](const auto& message) {
        using M = std::remove_cvref_t<decltype(message)>;
        wire::row_of<M>().for_each_field([&](const auto& field) {
            field.visit(message, [&](std::string_view, const auto& member) {
                if constexpr (std::is_same_v<std::remove_cvref_t<decltype(member)>, std::string_view>)
                    if (member.size() > 1 && member.size() <= 24) all.insert(std::string{member});
            });
        });
    };
    std::apply([&](const auto&... row) { (add_texts(row.message), ...); }, test::golden::messages);
    return all;
}

/// All golden messages of one direction.
std::string golden(bool from_mta) {
    std::string bytes;
    const auto add = [&]<class M>(const test::golden::row<M>& row) {
        if (command_message<M> == from_mta && row.bytes.size() < 1'000) bytes.append(row.bytes);
    };
    std::apply([&](const auto&... row) { (add(row), ...); }, test::golden::messages);
    return bytes;
}

}  // namespace

int main(int count, char** arguments) {
    if (count != 2) {
        std::cerr << "usage: fuzz_seeds FOLDER\n";
        return 64;
    }
    const corpus to{arguments[1]};
    files::create_directories(arguments[1]);
    to.write_dictionary(words());

    const std::pair<std::string, conversation_steps> conversations[]{
        {"postfix", test::transcript("postfix.txt")},
        {"changes", changes()},
        {"refusals", refusals()},
        {"large", large()},
    };
    const auto captured_mta = content_of(tests / "live/captures/postfix.mta");
    const auto captured_filter = content_of(tests / "live/captures/postfix.filter");

    to.add("decoders", "golden_commands", head(0, "\5\1\7") + golden(true));
    to.add("decoders", "golden_replies", head(0, "\5\1\7") + golden(false));
    to.add("decoders", "captured", head(0, "\100") + captured_mta + captured_filter);
    to.add("decoders", "short_frames", head(1, "\3") + captured_filter);
    // One that just fits, and one that just doesn't.
    to.add("decoders", "one_short", head(0, "\12") + test::raw('B', "abcdef") + test::raw('B', "abcdef"));
    to.add("decoders", "limit",
           head(1, "\3") + test::raw('B', std::string(20, 'a')) + test::raw('B', std::string(21, 'a')));
    for (const auto& [name, bytes] : {std::pair{"zero", "\0\0\0\0"sv},
                                      {"huge", "\xff\xff\xff\xff\x42"sv},
                                      {"text", "HELO a\r\n"sv},
                                      {"cut", "\0\0\0\7Lab\0"sv}})
        to.add("decoders", std::string{"malformed_"} + name, head(0) + std::string{bytes});

    to.add("filter", "captured", head(0, "\100") + captured_mta);
    to.add("mta", "captured", head(0, "\100", "\4") + captured_filter);
    to.add("filter", "golden", head(0, "\7") + golden(true));
    to.add("mta", "golden", head(1, "\7", "\4") + golden(false));
    // The offer and eleven commands are let pass; then comes the end of the message.
    const std::string until_then(12, '\0');
    to.add("filter", "changes_1",
           head(0, "\2\40", until_then + "\13\14\15\16\17\1") + stream_of(changes(), true));
    to.add("filter", "changes_2",
           head(0, "\2\40", until_then + "\20\21\22\23\23\24\1") + stream_of(changes(), true));
    to.add("filter", "refusing", head(0, {}, "\4\2\3\4\5\6\7"s) + stream_of(refusals(), true));
    to.add("filter", "silent", head(0, {}, "\xff") + stream_of(changes(), true));
    to.add("filter", "short_frames", head(1, "\3") + stream_of(refusals(), true));
    to.add("filter", "last_chunk", head(0, "\3") + stream_of(envelope({}, {}), true) + test::raw('E', "abc"));
    to.add("filter", "old",
           head(0) + test::bytes_of(offer_of(2)) + test::raw('C', {"a\0U", 3}) + test::raw('Q'));
    // What is refused ends a session: one input for each.
    const auto before =
        test::bytes_of(reply::negotiate{6, all_actions, option::no_connect | option::no_helo}) +
        test::raw('c') + test::raw('c') + test::raw('c') + test::raw('c');
    const std::pair<char, std::string_view> refused[]{{'h', "X\0a\nb\0"sv},        {'h', "X\rY\0a\0"sv},
                                                      {'i', "\xff\0\0\0X\0a\0"sv}, {'e', "<a@b>\0x\ny\0"sv},
                                                      {'+', "a\r\n\0"sv},          {'y', "550 a\n250 b\0"sv},
                                                      {'y', "250 a\0"sv},          {'z', ""sv}};
    for (std::size_t i = 0; i != std::size(refused); ++i)
        to.add("mta", "refused_" + std::to_string(i),
               head(0, {}, "\4") + before + test::raw(refused[i].first, refused[i].second));
    to.add("mta", "data_sizes", head(3, {}, "\4") + test::bytes_of(reply::negotiate{6, {}, option::data_1m}));

    for (const auto& [name, steps] : conversations) {
        const auto mta = stream_of(steps, true);
        const auto filter = stream_of(steps, false);
        to.add("filter", name, head(0, "\100\3\1") + mta);
        to.add("mta", name, head(1, "\100\3\1", "\4") + filter);
        to.add("pair", name, pair_script(steps, false, 0));
        using namespace fuzz::manner;
        to.add("operations", name, calls(steps, 0, 0, 0));
        to.add("operations", name + "_in_room", calls(steps, 0, 200, into_room | keep));
        to.add("operations", name + "_stopping", calls(steps, 0, 0, stop | at_once));
        to.add("operations", name + "_resuming", calls(steps, 0, 0, stop));
        to.add("dump", name + "_files",
               head(1) + static_cast<char>(filter.size() >> 8) + static_cast<char>(filter.size() & 0xff) +
                   filter + mta);
        if (name == "changes") {
            to.add("pair", name + "_in_pieces", pair_script(steps, false, 3));
            to.add("pair", name + "_spoilt", pair_script(steps, true, 0));
            to.add("operations", name + "_low_limits", calls(steps, fuzz::setting::low_limits, 1, 0));
            to.add("operations", name + "_without_heap", calls(steps, fuzz::setting::without_heap, 1, keep));
        }
        if (name == "large") continue;
        to.add("dump", name + "_mta", head(2, "\100\3\1") + mta);
        to.add("dump", name + "_filter", head(2 | 0x40, "\100\3\1") + filter);
        to.add("dump", name + "_segments", head(6) + segments(steps));
        to.add("dump", name + "_shuffled", head(7, "\40\7\30\20\50\11\37", "\1\302\100\5\103\200\1"s) + mta);
    }
    to.add("operations", "other_calls", other_calls());
    to.add("operations", "bad_texts", bad_texts());
    to.add("operations", "idle", calls(idle(), fuzz::setting::low_limits, 0, 0));
    to.add("filter", "idle", head(1) + stream_of(idle(), true));

    const std::string ethernet(12, '\0');
    const auto port = head(4, {}, "\xad\x17");
    to.add("dump", "captured", port + content_of(tests / "live/captures/postfix.pcap"));
    to.add("dump", "under_way", head(3) + captured_mta.substr(7));
    to.add("dump", "one_file", head(0) + captured_mta);
    to.add("dump", "short_frames", head(0x80) + captured_mta);
    to.add("dump", "pcapng", head(4) + pcapng(refusals()));
    to.add("dump", "ipv6", head(4) + pcap(refusals(), 1, ethernet + "\x86\xdd"s, true));
    to.add("dump", "vlan", head(4) + pcap(envelope({}, {}), 1, ethernet + "\x81\x00\0\1\x08\0"s, false));
    to.add("dump", "cooked", head(4) + pcap(envelope({}, {}), 113, std::string(14, '\0') + "\x08\0"s, false));
    to.add("dump", "cooked_2",
           head(4) + pcap(envelope({}, {}), 276, "\x08\0"s + std::string(18, '\0'), false));
    std::string packed;
    for (const auto& packet : packets(refusals(), true)) {
        put_big(packed, static_cast<std::uint32_t>(packet.size()), 2);
        packed.append(1, '\0').append(packet);
    }
    put_big(packed, 50, 2);  // the header of TCP is cut off
    packed.append(1, '\37').append(packets({}, true)[0].substr(0, 50));
    to.add("dump", "packets", head(5) + packed);
    to.add("dump", "declared", head(2, "\3") + "\0\17\xff\xff"s + "Bxxxxx");
    to.add("dump", "unreadable", head(2, "\3") + test::raw('?', std::string(400, '\1')));
    to.add("dump", "overlapping", head(7, "\40\7\30\20\50\11\37", "\0\100\100\0\100\100"s) + captured_mta);
    to.add("dump", "loopback", head(4) + pcap(envelope({}, {}), 0, "\2\0\0\0"s, false));
    return 0;
}
