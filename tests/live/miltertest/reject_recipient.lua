-- SPDX-License-Identifier: MIT
-- The filter refuses recipients whose address has `unwanted` in it, and is sent neither headers nor bodies.

local mta = mt.connect(address)

local function delivered()
    answered(mta, SMFIR_CONTINUE, mt.eom(mta))
    changed(mta)
end

negotiated(mta)
asked_for(mta, 0, SMFIP_NOHDRS | SMFIP_NOEOH | SMFIP_NOBODY)

answered(mta, SMFIR_CONTINUE, mt.conninfo(mta, "client.example", "2001:db8::1"))
answered(mta, SMFIR_CONTINUE, mt.helo(mta, "client.example"))

-- The refused recipient is one of three.
answered(mta, SMFIR_CONTINUE, mt.mailfrom(mta, "<sender@client.example>"))
answered(mta, SMFIR_CONTINUE, mt.rcptto(mta, "<one@example.org>"))
done(mt.macro(mta, SMFIC_RCPT, "{rcpt_addr}", "unwanted@example.org"))
answered(mta, SMFIR_REPLYCODE, mt.rcptto(mta, "<unwanted@example.org>"))
answered(mta, SMFIR_CONTINUE, mt.rcptto(mta, "<two@example.org>"))
answered(mta, SMFIR_CONTINUE, mt.data(mta))
delivered()

-- There is no other; the client gives up.
answered(mta, SMFIR_CONTINUE, mt.mailfrom(mta, "<>"))
answered(mta, SMFIR_REPLYCODE, mt.rcptto(mta, "<unwanted@example.org>"))
answered(mta, SMFIR_REPLYCODE, mt.rcptto(mta, "<unwanted@example.net>", "NOTIFY=NEVER"))
done(mt.abort(mta))

-- A next message is not refused for it.
answered(mta, SMFIR_CONTINUE, mt.mailfrom(mta, "<sender@client.example>"))
answered(mta, SMFIR_CONTINUE, mt.rcptto(mta, "<one@example.org>"))
answered(mta, SMFIR_CONTINUE, mt.data(mta))
delivered()

done(mt.disconnect(mta))

-- An MTA that can't leave anything out: then the filter lets it pass.
mta = mt.connect(address)
negotiated(mta, 6, SMFIP_NOCONNECT, 0x1ff)
asked_for(mta, 0, 0)
answered(mta, SMFIR_CONTINUE, mt.mailfrom(mta, "<sender@client.example>"))
answered(mta, SMFIR_REPLYCODE, mt.rcptto(mta, "<unwanted@example.org>"))
answered(mta, SMFIR_CONTINUE, mt.rcptto(mta, "<one@example.org>"))
answered(mta, SMFIR_CONTINUE, mt.header(mta, "To", "unwanted@example.org"))
answered(mta, SMFIR_CONTINUE, mt.eoh(mta))
answered(mta, SMFIR_CONTINUE, mt.bodystring(mta, "unwanted\r\n"))
delivered()
done(mt.disconnect(mta))
