-- SPDX-License-Identifier: MIT
-- MTAs of every age: a filter that adds a header takes what each can do, and goes on without what it can't.


local function filtered(version, options, actions, header_is_added)
    local mta = mt.connect(address)
    negotiated(mta, version, options, actions)
    asked_for(mta, actions & SMFIF_ADDHDRS, 0)
    answered(mta, SMFIR_ACCEPT, mt.eom(mta)) -- miltertest makes up everything before it
    changed(mta, header_is_added and MT_HDRADD)
    done(mt.disconnect(mta))
end

filtered(2, 0x7f, 0x3f, true)
filtered(3, 0x17f, 0x3f, true)
filtered(4, 0x37f, 0x3f, true)
filtered(6, 0x1fffff, 0x1ff, true)
filtered(7, 0x7fffffff, 0x7fffffff, true) -- with bits that nobody knows yet
filtered(6, 0x1fffff, SMFIF_CHGBODY, false)

-- Version 1 is too old: the filter closes the connection.
local mta = mt.connect(address)
assert(mt.negotiate(mta, 1, 0x3f, 0x0f) ~= nil)
done(mt.disconnect(mta, false))
