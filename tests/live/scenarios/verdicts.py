# SPDX-License-Identifier: MIT
"""Every verdict at every event, in a session with two mails, the first one to two recipients."""

from .model import (
    EHLO,
    FIELDS,
    ONE,
    OWN_TEXTS,
    SENDMAIL_UNAVAILABLE,
    TWO,
    UNAVAILABLE,
    Delivered,
    Mail,
    Say,
    Scenario,
    usually,
)

# What a verdict at an event is about.
EVENTS = {
    "connect": "connection",
    "helo": "connection",
    "mail": "mail",
    "rcpt": "recipient",
    "data": "mail",
    "unknown": "command",
    "header": "mail",
    "end-of-headers": "mail",
    "body": "mail",
    "end-of-message": "mail",
}

# The statement of the script.
VERDICTS = {
    "proceed": "proceed",
    "accept": "accept",
    "discard": "discard",
    "reject": "reject",
    "tempfail": "tempfail",
    "550": 'reply_code 550 5.7.1 "Not here"',
    "450": 'reply_code 450 4.7.1 "Not now"',
    "550-in-lines": 'reply_code 550 5.7.1 "Not here," "never"',
    "450-in-lines": 'reply_code 450 4.7.1 "Not now," "but later"',
    "550-without-enhanced-code": 'reply_code 550 - "Not here"',
    "450-without-enhanced-code": 'reply_code 450 - "Not now"',
    "550-in-lines-without-enhanced-code": 'reply_code 550 - "Not here," "never"',
    "550-with-percent-signs": 'reply_code 550 5.7.1 "100% sure, %s and %d"',
    "421": 'reply_code 421 4.7.0 "Go away"',
    "421-in-lines": 'reply_code 421 4.7.0 "Go away," "and come again"',
    "close": "close",
}

# Filters don't say these; docs/state-machine.md.
NEVER_SAID = {
    ("discard", "connect"),
    ("discard", "helo"),
    ("discard", "unknown"),
    ("accept", "unknown"),
}

# What the client is told.
TEXTS = {
    "reject": "550 5.7.1 Command rejected",
    "tempfail": UNAVAILABLE,
    "550": "550 5.7.1 Not here",
    "450": "450 4.7.1 Not now",
    "550-in-lines": "550-5.7.1 Not here,\n550 5.7.1 never",
    "450-in-lines": "450-4.7.1 Not now,\n450 4.7.1 but later",
    "550-without-enhanced-code": "550 5.0.0 Not here",
    "450-without-enhanced-code": "450 4.0.0 Not now",
    "550-in-lines-without-enhanced-code": "550-5.0.0 Not here,\n550 5.0.0 never",
    "550-with-percent-signs": "550 5.7.1 100% sure, %s and %d",
    "421": "421 4.7.0 Go away",
    "421-in-lines": "421-4.7.0 Go away,\n421 4.7.0 and come again",
    "close": UNAVAILABLE,
}
AS_IT_IS = {
    "550-without-enhanced-code": "550 Not here",
    "450-without-enhanced-code": "450 Not now",
}
ADDRESSES = {"mail": "<sender@client.example>", "rcpt": "<one@example.org>"}
CONTENT = ("header", "end-of-headers", "body", "end-of-message")

NO_TEXT_AT_CONNECT = (
    "At connect, Sendmail keeps only the first digit of a reply code; its text, and whether it has "
    "several lines, is lost. Postfix shows it, but only in the reply to MAIL."
)
WITH_ADDRESS = (
    "Sendmail puts the address before the text of a refusal at MAIL or RCPT, `550 5.7.1 <a@b>... "
    "text`; of several lines, it does so in the first."
)
NO_CODE_ADDED = (
    "A reply code without an enhanced code goes to Postfix's client as it is; Sendmail adds x.0.0. "
    "libmilter adds it to several lines only; kilter's `reply_text` always does."
)
ONLY_ONE_LINE_HANGS_UP = (
    "At connect, Sendmail hangs up for a 421 of one line; several lines with 421 are a `tempfail`. "
    "The text is the MTA's own."
)


def text(verdict, event):
    usual = TEXTS[verdict]
    if verdict in AS_IT_IS:
        as_it_is = {f"{mta}_libmilter_filter": AS_IT_IS[verdict] for mta in ("postfix", "kilter")}
        usual = usually(usual, NO_CODE_ADDED, **as_it_is)
    own, why = sendmail_text(verdict, event)
    return usual if own == TEXTS[verdict] else usually(usual, why, sendmail=own)


def sendmail_text(verdict, event):
    usual = TEXTS[verdict]
    if verdict in ("tempfail", "close"):
        return SENDMAIL_UNAVAILABLE, OWN_TEXTS
    if event == "connect":
        refused, deferred = "550 5.0.0 Command rejected", SENDMAIL_UNAVAILABLE
        return refused if usual.startswith("5") else deferred, NO_TEXT_AT_CONNECT
    if event in ADDRESSES and not verdict.startswith("421"):
        return f"{usual[:10]}{ADDRESSES[event]}... {usual[10:]}", WITH_ADDRESS
    if verdict == "reject" and event == "helo":
        return "550 5.0.0 Command rejected", OWN_TEXTS
    if verdict == "reject" and event in CONTENT:
        return "554 5.7.1 Command rejected", OWN_TEXTS
    return usual, ""


# The command in whose reply it is told.
TOLD_AT = {
    "helo": "mail 1",
    "mail": "mail 1",
    "rcpt": "rcpt 1.1",
    "data": "data 1",
    "unknown": "unknown",
    "header": "sent 1",
    "end-of-headers": "sent 1",
    "body": "sent 1",
    "end-of-message": "sent 1",
}

NOT_UNDERSTOOD = "500"
SEEN = "X-Seen: yes"


def script(verdict, event):
    """The field that is added shows that the filter was asked to the end."""
    name = event.replace("-", "_")
    return f"on end_of_message add_header X-Seen yes\non {name}#1 {VERDICTS[verdict]}\n"


def client(event):
    unknown = [Say("XYZZY now", "unknown")] if event == "unknown" else []
    return (EHLO, *unknown, Mail(recipients=(ONE, TWO)), Mail())


def replies(verdict, event):
    if verdict in ("proceed", "accept", "discard"):
        return {"unknown": NOT_UNDERSTOOD} if event == "unknown" else {}
    told = text(verdict, event)
    if verdict.startswith("421"):
        return hangs_up(verdict, event)
    if event in ("connect", "helo"):
        refused = {"mail 1": told, "mail 2": told}
        if event == "connect" and TEXTS[verdict].startswith("5"):
            refused["banner"] = "554"
        return refused
    if verdict == "close":
        return {
            TOLD_AT[event]: told,
            **{later: told for later in WITHOUT_FILTER.get(event, ["mail 2"])},
        }
    return {TOLD_AT[event]: told}


# What else is refused, for now, once the filter has gone.
WITHOUT_FILTER = {"rcpt": ["rcpt 1.2", "mail 2"], "unknown": ["mail 1", "mail 2"]}


def hangs_up(verdict, event):
    """A 421 is the last that the client hears."""
    if event != "connect":
        return {"ehlo" if event == "helo" else TOLD_AT[event]: TEXTS[verdict]}
    if verdict == "421":
        return {"banner": "421"}
    all_deferred = {"mail 1": SENDMAIL_UNAVAILABLE, "mail 2": SENDMAIL_UNAVAILABLE}
    return usually({"banner": "421"}, ONLY_ONE_LINE_HANGS_UP, sendmail=all_deferred)


def delivered(verdict, event):
    about = EVENTS[event]
    seen, unseen = ["Received", *FIELDS, SEEN], ["Received", *FIELDS]
    if verdict == "proceed":
        return (Delivered(1, fields=seen), Delivered(2, fields=seen))
    if verdict == "accept":
        first = seen if event == "end-of-message" else unseen
        second = unseen if about == "connection" else seen
        return (Delivered(1, fields=first), Delivered(2, fields=second))
    if verdict == "close" or verdict.startswith("421") or about == "connection":
        return ()
    if verdict != "discard" and about == "command":
        return (Delivered(1, fields=seen), Delivered(2, fields=seen))
    if verdict != "discard" and about == "recipient":
        return (Delivered(1, recipients=(TWO,), fields=seen), Delivered(2, fields=seen))
    return (Delivered(2, fields=seen),)


def scenario(verdict, event):
    return Scenario(
        f"{verdict}-at-{event}",
        script(verdict, event),
        client(event),
        replies=replies(verdict, event),
        delivered=delivered(verdict, event),
    )


SCENARIOS = [
    scenario(verdict, event)
    for verdict in VERDICTS
    for event in EVENTS
    if (verdict, event) not in NEVER_SAID
]
