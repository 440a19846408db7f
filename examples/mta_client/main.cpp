// SPDX-License-Identifier: MIT
// Plays an MTA: tells a filter of a client and its mails, and shows what the filter makes of them.
#include <cstdio>
#include <filesystem>
#include <string>
#include <vector>

#include "dialogue.hpp"
#include "mail_file.hpp"
#include "options.hpp"
#include "outcome.hpp"
#include "printer.hpp"
#include "settings.hpp"

namespace {

int fail(failed status, const std::string& why) {
    std::fprintf(stderr, "mta_client: %s\n", why.c_str());
    return static_cast<int>(status);
}

std::vector<mail_file> read_mails(const settings& with) {
    std::vector<mail_file> mails;
    for (const auto& name : with.mails) mails.push_back(read_mail(name));
    if (mails.empty()) mails.push_back({"sample", std::string{sample_mail}});
    return mails;
}

std::string one_line(const verdict& said) {
    const auto what = std::string{to_string(said.what)} + " at " + said.at;
    return said.reply.empty() ? what : what + ": " + in_one_line(said.reply);
}

std::string text_of(mta::content mail, const mail_file& file, const settings& with) {
    if (!with.show_received) std::erase_if(mail.fields, [](const mta::field& f) { return f.own; });
    return file.has_crlf() ? mail.text() : mta::with_lf(mail.text());
}

std::string output_of(const mail_file& file, const settings& with) {
    const std::filesystem::path to{with.output};
    if (!std::filesystem::is_directory(to)) return with.output;
    return to / (file.name == "-" ? "stdin" : std::filesystem::path{file.name}.filename());
}

int run(const settings& with) {
    const auto mails = read_mails(with);
    if (mails.size() > 1 && !with.output.empty() && !std::filesystem::is_directory(with.output))
        throw stop{failed::usage, with.output + ": several mails need a folder"};

    const printer out{with.output == "-" ? stderr : stdout};
    int status = 0;
    dialogue with_filter{with, out};
    with_filter.open();
    for (const auto& file : mails) {
        auto mail = mta::content::parse(file.text);
        auto envelope = with.envelope;
        const auto said = with_filter.send(envelope, mail);
        out.line("result", one_line(said));
        if (status == 0) status = static_cast<int>(said.what);
        const bool goes_on = said.what == outcome::accepted || said.what == outcome::quarantined;
        if (goes_on && !with.output.empty()) write_mail(output_of(file, with), text_of(mail, file, with));
    }
    with_filter.close();
    return status;
}

}  // namespace

int main(int count, char** arguments) try {
    options command_line;
    command_line.parse(count, arguments);
    return run(command_line.read());
} catch (const options::asked_for_help&) {
    return 0;
} catch (const stop& wrong) {
    return fail(wrong.status, wrong.what());
} catch (const mta::failure& wrong) {
    return fail(failed::usage, wrong.what());
}
