"""A language model as a producer of edits: it is asked, its answers are kept, and become slots.

`requests`: what is asked and answered. `local` (by `filling` and `generating`), `server` (by
`client`): who answers, within `limits`, by the account of `ledger`, for as long as `trust` lasts.
`replies`, `thoughts`, `forms`, `outcomes`: what servers send and take. `infill`, `rewrite`,
`verifier`: what is asked about a caption, and what its answers are worth. `cache`: answers on disk.
"""
