// SPDX-License-Identifier: MIT
// The same streams to a filter on libmilter and to one on kilter: what they are told and what they say is the
// same, or in the table of differences; and each row of that is met.
#include <sys/wait.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <iostream>
#include <map>
#include <sstream>
#include <tuple>
#include <variant>

#include "libmilter_side.hpp"
#include "macro_differences.hpp"

namespace {

using namespace differential;

struct test_case {
    std::uint32_t seed{};
    policy with{};
    std::string stream{};
    std::variant<std::monostate, const row*, const macro_row*>
        shows{};  ///< the row that it is the witness of

    std::string name() const {
        if (const auto* r = std::get_if<const row*>(&shows)) return "witness of: " + std::string{(*r)->what};
        if (const auto* r = std::get_if<const macro_row*>(&shows))
            return "witness of: " + std::string{(*r)->what};
        return "seed " + std::to_string(seed);
    }
};

/// The steps left out that libmilter agrees to. It keeps them for all later connections of its process.
option left_out(const test_case& t) {
    for (const auto& p : cut_as_libmilter(t.stream)) {
        if (p.code() == 'D') continue;
        const auto read = test::naive::command({p.code(), p.payload()});
        if (p.code() != 'O' || read.name.empty()) return option::none;
        auto offered = static_cast<option>(std::stoul(read.fields[2].value));
        if (offered == option::none) offered = v1_options;
        option left{};
        for (const auto bit : no_bit) left |= bit & offered & t.with.options;
        return left;
    }
    return option::none;
}

/// What came of the cases: how often each row was met, and what nothing explains.
struct tally {
    std::size_t streams{}, same{}, frames{};
    std::vector<std::size_t> rows = std::vector<std::size_t>(table.size());
    std::vector<std::size_t> macro_rows = std::vector<std::size_t>(macro_table_rows.size());
    std::vector<std::string> unexplained{};
};

void show(std::ostream& out, const char* side, const trace& t) {
    out << "  " << side << ":\n";
    for (const auto& e : t.events) out << "    * " << printable(e.line) << '\n';
    for (const auto& r : t.replies)
        out << "    < " << printable(std::string{r.reply.code} + " " + r.reply.payload) << '\n';
}

/// Explains one stream, difference by difference.
class examination {
public:
    examination(const test_case& t, tally& all) : case_{t}, tally_{all}, stream_{cut_as_libmilter(t.stream)} {
        for (const auto& p : stream_) {
            const auto payload = p.payload();
            if (p.code() == 'D' && std::count(payload.begin(), payload.end(), '\0') % 2 != 0)
                hidden_.macros = true;
            if (p.code() == 'U' && payload.find('\0') == payload.npos) hidden_.unknown = true;
        }
    }

    void run(libmilter_side& libmilter) {
        theirs_ = libmilter.run(case_.with, case_.stream, hidden_);
        ++tally_.streams;
        tally_.frames += stream_.size();
        ours_ = play(stream_);
        check_cuts();
        if (!explain({stream_, theirs_, ours_, {}, false})) return report(why_not_);
        for (const auto* r : met_) ++tally_.rows[static_cast<std::size_t>(r - table.data())];
        for (const auto* r : macros_met_)
            ++tally_.macro_rows[static_cast<std::size_t>(r - macro_table_rows.data())];
        if (met_.empty() && macros_met_.empty()) ++tally_.same;
        if (!shows_its_row()) report("doesn't show its row");
    }

private:
    bool shows_its_row() const {
        const auto has = [](const auto& all, const auto& wanted) {
            return std::find(all.begin(), all.end(), wanted) != all.end();
        };
        if (const auto* r = std::get_if<const row*>(&case_.shows)) return has(met_, *r);
        if (const auto* r = std::get_if<const macro_row*>(&case_.shows)) return has(macros_met_, *r);
        return true;
    }

    outcome play(const pieces& stream) const { return kilter_side{case_.with, hidden_}.run(stream); }

    /// However it is cut, kilter does the same.
    void check_cuts() {
        numbers random{case_.seed};
        pieces otherwise{{case_.stream, true}};
        for (int i = 0; i != 2; ++i) {
            if (!compare(ours_.all, play(otherwise).all).nowhere) report("depends on how the stream is cut");
            otherwise.clear();
            for (std::string_view rest = case_.stream; !rest.empty();) {
                const auto size = 1 + random.below(random.one_in(4) ? 2000 : 20);
                otherwise.push_back({std::string{rest.substr(0, size)}, true});
                rest.remove_prefix(otherwise.back().bytes.size());
            }
        }
    }

    /// A state of the comparison: as far as it is explained, and by what.
    struct attempt {
        pieces stream{};
        trace theirs{};
        outcome ours{};
        std::vector<const row*> by{};
        bool reads = false;  ///< the last row was about fields: what is read has a place only then
    };

    /// How far two traces go together, and whether what stops kilter has at least been read.
    static auto reach(const outcome& ours, const trace& theirs) {
        const auto where = compare(ours.all, theirs);
        using reached = std::tuple<bool, std::size_t, std::size_t, std::size_t, int, std::size_t>;
        if (where.nowhere) return reached{true, 0, 0, 0, 0, 0};
        const auto behind = ours.moments.size() - suspects_of(ours, where).last;
        const auto wrong = ours.moments[suspects_of(ours, where).last].wrong;
        const auto is_framing = [](errc e) { return e == errc::zero_length || e == errc::frame_too_long; };
        const int read = wrong == errc::ok || wrong == errc::out_of_turn ? 2 : is_framing(wrong) ? 0 : 1;
        // That both close says nothing while there is more to come.
        const auto events = where.all_events ? theirs.events.size() : std::min(where.events, ours.before_end);
        return reached{false,   events, where.all_events ? where.replies : 0,
                       ~behind, read,   ~theirs.replies.size()};
    }

    /// Goes on from here with the repairs after which the traces go further together, the furthest first,
    /// until nothing differs; and back, if that leads nowhere.
    bool explain(attempt from) {
        if (compare(from.ours.all, from.theirs).nowhere) {
            keep(std::move(from));
            return explain_macros();
        }
        if (--attempts_left_ == 0) return false;
        const row* last_resort = nullptr;
        for (auto& next : further(from, last_resort)) {
            if (explain(std::move(next))) return true;
            if (attempts_left_ == 0) return false;
        }
        keep(std::move(from));
        if (last_resort == nullptr) return false;
        met_.push_back(last_resort);
        return true;
    }

    void keep(attempt a) {
        stream_ = std::move(a.stream);
        theirs_ = std::move(a.theirs);
        ours_ = std::move(a.ours);
        met_ = std::move(a.by);
        macros_met_.clear();
    }

    std::vector<attempt> further(const attempt& from, const row*& last_resort) const {
        std::vector<attempt> all;
        const auto where = compare(from.ours.all, from.theirs);
        const auto now = reach(from.ours, from.theirs);
        const auto [first, last] = suspects_of(from.ours, where);
        for (auto at = first; at <= last; ++at)
            for (const auto& r : table) {
                const situation s{case_.with, from.stream, at, from.ours.moments[at], from.theirs, where};
                for (const auto& fix : r.explain(s)) {
                    if (fix.what == repair::kind::gives_up) {
                        if (last_resort == nullptr) last_resort = &r;
                        continue;
                    }
                    auto next = tried(s, fix);
                    if (!(reach(next.ours, next.theirs) > now)) continue;
                    next.by = from.by;
                    next.by.push_back(&r);
                    next.reads = r.of == about::fields && fix.what == repair::kind::replaces;
                    all.push_back(std::move(next));
                }
            }
        std::stable_sort(all.begin(), all.end(), [](const attempt& a, const attempt& b) {
            return a.reads != b.reads ? a.reads : reach(a.ours, a.theirs) > reach(b.ours, b.theirs);
        });
        return all;
    }

    attempt tried(const situation& s, const repair& fix) const {
        attempt next{s.stream, s.theirs, {}, {}, false};
        const auto at = next.stream.begin() + static_cast<std::ptrdiff_t>(s.at);
        if (fix.what == repair::kind::ends) {
            next.stream.erase(at, next.stream.end());
            next.stream.insert(next.stream.end(), fix.in_place.begin(), fix.in_place.end());
        } else {
            const auto place = at == next.stream.end() ? at : next.stream.erase(at);
            next.stream.insert(place, fix.in_place.begin(), fix.in_place.end());
        }
        if (fix.what == repair::kind::other_reply) {
            const auto reply = next.theirs.replies.erase(next.theirs.replies.begin() +
                                                         static_cast<std::ptrdiff_t>(s.where.replies));
            if (fix.reply) next.theirs.replies.insert(reply, {*fix.reply, 0});
        }
        next.ours = play(next.stream);
        return next;
    }

    /// The macros at each event, once the events are the same.
    bool explain_macros() {
        if (hidden_.macros) return true;
        const auto sent = cut_as_libmilter(case_.stream);
        for (std::size_t i = 0; i != ours_.all.events.size(); ++i) {
            const auto& mine = ours_.all.events[i];
            for (std::size_t m = 0; m != looked_up.size(); ++m) {
                const auto& other = theirs_.events[i].macros[m];
                if (mine.macros[m] == other) continue;
                const char command = mine.line.starts_with("body|") ? 'B' : stream_[mine.at].code();
                const macro_situation s{stream_,      ours_.all,      mine.at, command,
                                        looked_up[m], mine.macros[m], other};
                const auto found = std::find_if(macro_table_rows.begin(), macro_table_rows.end(),
                                                [&](const auto& r) { return r.explains(s); });
                if (found == macro_table_rows.end() && s.is_taken_out(sent, other) && s.is_good(s.ours))
                    continue;
                if (found == macro_table_rows.end()) {
                    why_not_ = "macro " + std::string{looked_up[m]} + " at " + printable(mine.line) + ": " +
                               mine.macros[m] + ", libmilter: " + other;
                    return false;
                }
                macros_met_.push_back(&*found);
            }
        }
        return true;
    }

    void report(const std::string& what) {
        std::ostringstream out;
        out << case_.name() << ": " << what << '\n';
        const auto show_pieces = [&](const pieces& all) {
            for (const auto& p : all)
                out << (p.in_stream ? "    > " : "    (>) ") << printable(p.bytes) << '\n';
        };
        out << "  the stream:\n";
        show_pieces(cut_as_libmilter(case_.stream));
        for (const auto* r : met_) out << "  explained: " << r->what << '\n';
        out << "  what kilter was given to explain that:\n";
        show_pieces(stream_);
        const auto where = compare(ours_.all, theirs_);
        out << "  they part after " << where.events << " events and " << where.replies << " replies\n";
        show(out, "libmilter", theirs_);
        show(out, "kilter", ours_.all);
        tally_.unexplained.push_back(out.str());
    }

    const test_case& case_;
    tally& tally_;
    pieces stream_;
    blinkers hidden_{};
    trace theirs_{};
    outcome ours_{};
    std::vector<const row*> met_{};
    std::vector<const macro_row*> macros_met_{};
    std::string why_not_ = "not explained";
    int attempts_left_ = 500;
};

// Each group of cases has a process of its own, and tells what came of it in text.

void write_number(std::ostream& out, std::size_t number) { out << number << ' '; }

std::string packed(const tally& t) {
    std::ostringstream out;
    for (const auto number : {t.streams, t.same, t.frames}) write_number(out, number);
    for (const auto number : t.rows) write_number(out, number);
    for (const auto number : t.macro_rows) write_number(out, number);
    for (const auto& text : t.unexplained) out << '\f' << text;
    return out.str();
}

void add(tally& t, const std::string& text) {
    std::istringstream in{text};
    const auto add_number = [&](std::size_t& to) {
        std::size_t number{};
        if (!(in >> number)) throw std::runtime_error{"a process has ended early"};
        to += number;
    };
    for (auto* to : {&t.streams, &t.same, &t.frames}) add_number(*to);
    for (auto& to : t.rows) add_number(to);
    for (auto& to : t.macro_rows) add_number(to);
    for (std::string part; std::getline(in, part, '\f');)
        if (part != " ") t.unexplained.push_back(part);
}

tally run_in_process(const std::vector<test_case>& cases, const std::string& socket) {
    int ends[2];
    if (pipe(ends) != 0) throw std::runtime_error{"no pipe"};
    const auto child = fork();
    if (child == 0) {
        close(ends[0]);
        tally all;
        libmilter_side libmilter{socket};
        for (const auto& next : cases) examination{next, all}.run(libmilter);
        const auto text = packed(all);
        std::size_t written = 0;
        while (written != text.size()) {
            const auto count = write(ends[1], text.data() + written, text.size() - written);
            if (count <= 0) break;
            written += static_cast<std::size_t>(count);
        }
        std::_Exit(0);  // and libmilter with it
    }
    close(ends[1]);
    std::string text;
    char buffer[4096];
    for (;;) {
        const auto count = read(ends[0], buffer, sizeof buffer);
        if (count <= 0) break;
        text.append(buffer, static_cast<std::size_t>(count));
    }
    close(ends[0]);
    int status{};
    waitpid(child, &status, 0);
    tally all;
    if (status != 0) throw std::runtime_error{"a process has failed with status " + std::to_string(status)};
    add(all, text);
    return all;
}

void merge(tally& into, const tally& from) { add(into, packed(from)); }

/// The table as it stands in the documentation.
void print_page() {
    std::cout << "| when | libmilter | kilter | because |\n|---|---|---|---|\n";
    const auto print = [](const auto& r) {
        std::cout << "| " << r.what << " | " << r.libmilter << " | " << r.kilter << " | " << r.why << " |\n";
    };
    for (const auto& r : table) print(r);
    for (const auto& r : macro_table_rows) print(r);
}

}  // namespace

int main(int count, char** arguments) {
    CLI::App app{"Compares libmilter and kilter."};
    std::size_t streams = 3000;
    std::uint32_t seed = 1;
    bool page = false;
    bool verbose = false;
    std::size_t shown = 3;
    app.add_option("--streams", streams, "How many, beside the witnesses");
    app.add_option("--seed", seed, "Of the first one");
    app.add_option("--show", shown, "So many streams in full that nothing explains");
    app.add_flag("--page", page, "Print the table of differences and end");
    app.add_flag("--figures", verbose, "Print how often each row was met");
    CLI11_PARSE(app, count, arguments);
    if (page) return print_page(), 0;

    std::map<std::uint32_t, std::vector<test_case>> groups;
    const auto sort_in = [&](test_case t) {
        const auto key = to_bits(left_out(t));
        groups[key].push_back(std::move(t));
    };
    for (const auto& r : table) sort_in({0, r.with(), r.witness(), &r});
    for (const auto& r : macro_table_rows) sort_in({0, policy{}, r.witness(), &r});
    for (std::size_t i = 0; i != streams; ++i) {
        numbers random{seed};
        test_case t{seed++, random_policy(random), {}, {}};
        t.stream = stream_of(t.with, random);
        sort_in(std::move(t));
    }

    char folder[] = "/tmp/differential.XXXXXX";
    if (mkdtemp(folder) == nullptr) return std::perror("mkdtemp"), 1;
    tally all;
    try {
        for (const auto& [key, cases] : groups)
            merge(all, run_in_process(cases, std::string{folder} + "/socket"));
    } catch (const std::exception& wrong) {
        all.unexplained.push_back(wrong.what());
    }
    std::filesystem::remove_all(folder);

    std::size_t stale = 0;
    const auto sum_up = [&](const auto& rows, const std::vector<std::size_t>& met) {
        for (std::size_t i = 0; i != rows.size(); ++i) {
            if (met[i] == 0) ++stale;
            if (verbose || met[i] == 0) std::printf("%7zu  %s\n", met[i], std::string{rows[i].what}.c_str());
        }
    };
    sum_up(table, all.rows);
    sum_up(macro_table_rows, all.macro_rows);
    for (std::size_t i = 0; i != all.unexplained.size(); ++i) {
        const auto& text = all.unexplained[i];
        std::printf("%s\n", (i < shown ? text : text.substr(0, text.find('\n'))).c_str());
    }
    std::printf("%zu streams of %zu frames: %zu the same, %zu rows without a witness, %zu not explained\n",
                all.streams, all.frames, all.same, stale, all.unexplained.size());
    return stale == 0 && all.unexplained.empty() ? 0 : 1;
}
