-- SPDX-License-Identifier: MIT
-- Plays `script` against the filter at `address`, both given on the command line. What the scripts share is here.

ACTIONS = {
    SMFIF_ADDHDRS, SMFIF_CHGBODY, SMFIF_ADDRCPT, SMFIF_DELRCPT, SMFIF_CHGHDRS, SMFIF_QUARANTINE,
    SMFIF_CHGFROM, SMFIF_ADDRCPT_PAR, SMFIF_SETSYMLIST,
}
OPTIONS = {
    SMFIP_NOCONNECT, SMFIP_NOHELO, SMFIP_NOMAIL, SMFIP_NORCPT, SMFIP_NOBODY, SMFIP_NOHDRS, SMFIP_NOEOH,
    SMFIP_NR_HDR, SMFIP_NOUNKNOWN, SMFIP_NODATA, SMFIP_SKIP, SMFIP_RCPT_REJ, SMFIP_NR_CONN, SMFIP_NR_HELO,
    SMFIP_NR_MAIL, SMFIP_NR_RCPT, SMFIP_NR_DATA, SMFIP_NR_UNKN, SMFIP_NR_EOH, SMFIP_NR_BODY,
    SMFIP_HDR_LEADSPC,
}
CHANGES = {MT_HDRADD, MT_HDRINSERT, MT_HDRCHANGE, MT_HDRDELETE, MT_BODYCHANGE, MT_QUARANTINE}

-- miltertest's functions return a text when they have failed.
function done(failure)
    assert(failure == nil, failure)
end

-- A step was done, and answered so.
function answered(mta, reply, failure)
    done(failure)
    local got = mt.getreply(mta)
    assert(got == reply, string.format("answered %c instead of %c", got, reply))
end

-- Offers what is given, or everything.
function negotiated(mta, version, options, actions)
    -- the manual has the last two the other way round
    answered(mta, string.byte("O"), mt.negotiate(mta, version, options, actions))
end

local function sum_of(bits, test, mta)
    local sum = 0
    for _, bit in ipairs(bits) do
        if test(mta, bit) then sum = sum + bit end
    end
    return sum
end

-- The filter has asked for exactly these.
function asked_for(mta, actions, options)
    local got = sum_of(ACTIONS, mt.test_action, mta)
    assert(got == actions, string.format("actions 0x%x instead of 0x%x", got, actions))
    got = sum_of(OPTIONS, mt.test_option, mta)
    assert(got == options, string.format("options 0x%x instead of 0x%x", got, options))
end

-- At end of message, the filter has asked for this one kind of change, or for none.
function changed(mta, wanted)
    for _, change in ipairs(CHANGES) do
        local got = mt.eom_check(mta, change)
        assert(got == (change == wanted), string.format("change %d is %s", change, got))
    end
end

-- miltertest fails without a word, so we say it.
local function report(message)
    io.stderr:write(debug.traceback(message, 2), "\n")
end

os.exit(xpcall(dofile, report, script))
