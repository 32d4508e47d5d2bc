"""One measured row, as a line of JSON for benches/table."""

import json


def row(group, what, unit, values, limit=None, peer=None):
    """Prints a row. `limit` is what its median may be at most; `peer` names the other program, with its version, that it measures."""
    told = {"group": group, "what": what, "unit": unit, "values": values, "limit": limit, "peer": peer}
    print(json.dumps(told), flush=True)
