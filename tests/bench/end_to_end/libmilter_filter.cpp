// SPDX-License-Identifier: MIT
// A filter that has no opinion, on libmilter: libmilter_filter ADDRESS lock | nr | addhdr
#include <libmilter/mfapi.h>

#include <cstdio>
#include <string>

namespace {

bool silent = false;
bool adds_header = false;

/// libmilter's functions take texts that they don't change as `char*`.
char* text(const char* literal) { return const_cast<char*>(literal); }

/// The answer to every step but the last.
sfsistat answer() { return silent ? SMFIS_NOREPLY : SMFIS_CONTINUE; }

sfsistat negotiate(SMFICTX*, unsigned long, unsigned long, unsigned long, unsigned long,
                   unsigned long* actions, unsigned long* options, unsigned long* more,
                   unsigned long* still_more) {
    *actions = adds_header ? SMFIF_ADDHDRS : 0;
    *options = silent ? SMFIP_NR_CONN | SMFIP_NR_HELO | SMFIP_NR_MAIL | SMFIP_NR_RCPT | SMFIP_NR_DATA |
                            SMFIP_NR_UNKN | SMFIP_NR_HDR | SMFIP_NR_EOH | SMFIP_NR_BODY
                      : 0;
    *more = *still_more = 0;
    return SMFIS_CONTINUE;
}

sfsistat end_of_message(SMFICTX* context) {
    if (adds_header && smfi_addheader(context, text("X-Filtered"), text("yes")) != MI_SUCCESS)
        return SMFIS_TEMPFAIL;
    return SMFIS_CONTINUE;
}

/// libmilter says no to whom it has no function for, so there is one for every step.
smfiDesc description() {
    smfiDesc d{};
    d.xxfi_name = text("libmilter_filter");
    d.xxfi_version = SMFI_VERSION;
    d.xxfi_flags = SMFIF_ADDHDRS;
    d.xxfi_negotiate = negotiate;
    d.xxfi_connect = [](SMFICTX*, char*, _SOCK_ADDR*) { return answer(); };
    d.xxfi_helo = [](SMFICTX*, char*) { return answer(); };
    d.xxfi_envfrom = [](SMFICTX*, char**) { return answer(); };
    d.xxfi_envrcpt = [](SMFICTX*, char**) { return answer(); };
    d.xxfi_data = [](SMFICTX*) { return answer(); };
    d.xxfi_unknown = [](SMFICTX*, const char*) { return answer(); };
    d.xxfi_header = [](SMFICTX*, char*, char*) { return answer(); };
    d.xxfi_eoh = [](SMFICTX*) { return answer(); };
    d.xxfi_body = [](SMFICTX*, unsigned char*, std::size_t) { return answer(); };
    d.xxfi_eom = end_of_message;
    d.xxfi_abort = [](SMFICTX*) -> sfsistat { return SMFIS_CONTINUE; };
    d.xxfi_close = [](SMFICTX*) -> sfsistat { return SMFIS_CONTINUE; };
    return d;
}

}  // namespace

int main(int count, char** arguments) {
    if (count != 3) {
        std::fputs("usage: libmilter_filter ADDRESS lock | nr | addhdr\n", stderr);
        return 64;
    }
    const std::string variant = arguments[2];
    silent = variant == "nr";
    adds_header = variant == "addhdr";
    constexpr int waiting = 4096;  // connections that haven't been accepted
    if (smfi_register(description()) != MI_SUCCESS || smfi_setconn(arguments[1]) != MI_SUCCESS ||
        smfi_setbacklog(waiting) != MI_SUCCESS)
        return 1;
    return smfi_main() == MI_SUCCESS ? 0 : 1;
}
