"""Clients of the API in Python and TypeScript, generated from docs/openapi/ into .local/clients/.

`python -m deploy.clients` (`make clients`) makes both; nothing is done again for what has not
changed. The generators and the Node.js that one of them needs are pinned in
`deploy/requirements/clients.txt`, and what comes from npm in `typescript/package-lock.json`.

- `making`: makes a folder once for what it is made from.
- `python`: the packages `qr_checkin_club` and `qr_checkin_platform`.
- `typescript`: the types of both documents, and the library that speaks by them.
"""
