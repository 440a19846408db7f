-- SPDX-License-Identifier: MIT
-- The filter adds one header field to each message of a connection, and lets everything pass.

local mta = mt.connect(address)

local function envelope()
    answered(mta, SMFIR_CONTINUE, mt.mailfrom(mta, "<sender@client.example>", "SIZE=100", "BODY=8BITMIME"))
    answered(mta, SMFIR_CONTINUE, mt.rcptto(mta, "<one@example.org>"))
    answered(mta, SMFIR_CONTINUE, mt.rcptto(mta, "<two@example.org>", "NOTIFY=NEVER"))
end

local function header()
    answered(mta, SMFIR_CONTINUE, mt.data(mta))
    answered(mta, SMFIR_CONTINUE, mt.header(mta, "From", "Sender <sender@client.example>"))
    answered(mta, SMFIR_CONTINUE, mt.header(mta, "To", "One <one@example.org>,\n\tTwo <two@example.org>"))
    answered(mta, SMFIR_CONTINUE, mt.eoh(mta))
end

local function filtered()
    answered(mta, SMFIR_ACCEPT, mt.eom(mta))
    changed(mta, MT_HDRADD)
    assert(mt.eom_check(mta, MT_HDRADD, "X-Filtered", "yes"), "X-Filtered: yes")
    assert(mt.getheader(mta, "X-Filtered", 0) == "yes", "X-Filtered once")
    assert(mt.getheader(mta, "X-Filtered", 1) == nil, "X-Filtered only once")
end

negotiated(mta)
asked_for(mta, SMFIF_ADDHDRS, 0)

answered(mta, SMFIR_CONTINUE, mt.conninfo(mta, "client.example", "192.0.2.1"))
done(mt.macro(mta, SMFIC_HELO, "{tls_version}", "TLSv1.3"))
answered(mta, SMFIR_CONTINUE, mt.helo(mta, "client.example"))

-- A body in pieces, one as large as pieces may be, and one that is cut between CR and LF.
done(mt.macro(mta, SMFIC_MAIL, "i", "first"))
envelope()
header()
answered(mta, SMFIR_CONTINUE, mt.bodystring(mta, string.rep("x", 65533) .. "\r\n"))
answered(mta, SMFIR_CONTINUE, mt.bodystring(mta, "cut\r"))
answered(mta, SMFIR_CONTINUE, mt.bodystring(mta, "\nhere\r\n"))
answered(mta, SMFIR_CONTINUE, mt.bodyrandom(mta, 100000))
filtered()

-- Given up in the envelope, in the header and in the body.
envelope()
done(mt.abort(mta))
envelope()
header()
done(mt.abort(mta))
envelope()
header()
answered(mta, SMFIR_CONTINUE, mt.bodystring(mta, "half\r\n"))
done(mt.abort(mta))

-- Another one without an abort before, and after a second HELO.
envelope()
header()
answered(mta, SMFIR_CONTINUE, mt.bodystring(mta, "second\r\n"))
filtered()
answered(mta, SMFIR_CONTINUE, mt.helo(mta, "other.example"))
envelope()
header()
answered(mta, SMFIR_CONTINUE, mt.bodystring(mta, "third\r\n"))
filtered()

done(mt.disconnect(mta))
