# SPDX-License-Identifier: MIT
"""How long any single wait of the live tests may take."""

SECONDS = 20
