# SPDX-License-Identifier: MIT
"""Messages to send, and the parts of those that arrive."""

SENDER = "sender@client.example"
RECIPIENT = "one@example.org"
OTHER_RECIPIENT = "two@example.org"


def message(subject, body=b"Good morning,\r\n\r\n..and a line that begins with dots.\r\n"):
    """A message that Postfix has no reason to change."""
    header = (
        "From: Sender <sender@client.example>\r\n"
        "To: One <one@example.org>,\r\n"
        "\tTwo <two@example.org>\r\n"
        f"Subject: {subject}\r\n"
        "Date: Thu, 01 Jan 2026 12:00:00 +0000\r\n"
        f"Message-ID: <{subject}@client.example>\r\n"
        "X-Spaced:  two spaces before, one after \r\n"
    )
    return header.encode() + b"\r\n" + body


def parts(content):
    """The header fields (folded lines kept together) and the body of a message."""
    header, _, body = content.partition(b"\r\n\r\n")
    fields = []
    for line in header.split(b"\r\n"):
        if line[:1] in (b" ", b"\t"):
            fields[-1] += b"\r\n" + line
        else:
            fields.append(line)
    return fields, body


def subject(delivery):
    fields, _ = parts(delivery.content)
    name = b"Subject: "
    return next(field[len(name) :].decode() for field in fields if field.startswith(name))
