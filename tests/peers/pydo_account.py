# Uses the practice account with DigitalOcean's own Python client, as its customers do, and says what is wrong.
# The account's address is the argument; the token comes by standard input.
import sys
import time

from azure.core.pipeline.policies import SansIOHTTPPolicy
from pydo import Client


class Bearer(SansIOHTTPPolicy):
    """The client's own policy refuses a token over plain HTTP, also on this computer."""

    def __init__(self, token):
        self.token = token

    def on_request(self, request):
        request.http_request.headers["Authorization"] = f"Bearer {self.token}"


token = sys.stdin.read().strip()
client = Client(token=token, endpoint=sys.argv[1], authentication_policy=Bearer(token))
wrong = []


def same(what, got, wanted):
    if got != wanted:
        wrong.append(f"{what}: {got!r} instead of {wanted!r}")


def databases():
    account = client.account.get()["account"]
    same("the account's status", account["status"], "active")
    clusters = client.databases.list_clusters()["databases"]
    cluster = next(cluster for cluster in clusters if cluster["engine"] == "pg")
    uuid = cluster["id"]
    same("one cluster", client.databases.get_cluster(uuid)["database"]["name"], cluster["name"])
    same("its databases", [db["name"] for db in client.databases.list(uuid)["dbs"]], ["defaultdb", "contrezz"])
    users = client.databases.list_users(uuid)["users"]
    same("its users", [user["role"] for user in users], ["primary", "normal"])
    certificate = client.databases.get_ca(uuid)["ca"]["certificate"]
    same("a certificate", bool(certificate), True)
    client.databases.list_options()
    pools(uuid)
    firewall(uuid)
    return cluster["name"]


def pools(uuid):
    pool = {"name": "pydo-pool", "mode": "transaction", "size": 5, "db": "contrezz", "user": "contrezz_app"}
    made = client.databases.add_connection_pool(uuid, pool)["pool"]
    same("the new pool", {key: made[key] for key in pool}, pool)
    same("its database in the URL", made["connection"]["database"], "pydo-pool")
    client.databases.update_connection_pool(uuid, "pydo-pool", {**pool, "size": 6, "mode": "session"})
    read = client.databases.get_connection_pool(uuid, "pydo-pool")["pool"]
    same("the changed pool", (read["size"], read["mode"], read["user"]), (6, "session", "contrezz_app"))
    same("all pools", [pool["name"] for pool in client.databases.list_connection_pools(uuid)["pools"]], ["pydo-pool"])
    client.databases.delete_connection_pool(uuid, "pydo-pool")
    same("no pool", client.databases.list_connection_pools(uuid)["pools"], [])
    # This client gives a 404 back as its body.
    gone = client.databases.get_connection_pool(uuid, "pydo-pool")
    same("a pool that is gone", gone.get("id"), "not_found")


def firewall(uuid):
    before = client.databases.list_firewall_rules(uuid)["rules"]
    ours = {"type": "ip_addr", "value": "198.51.100.9", "description": "pydo"}
    client.databases.update_firewall_rules(uuid, {"rules": [*before, ours]})
    after = client.databases.list_firewall_rules(uuid)["rules"]
    same("the rules that were there", after[:-1], before)
    same("the new rule", {key: after[-1][key] for key in ours}, ours)
    same("its cluster", after[-1]["cluster_uuid"], uuid)
    client.databases.update_firewall_rules(uuid, {"rules": before})
    same("the rules put back", client.databases.list_firewall_rules(uuid)["rules"], before)


def apps(cluster):
    listed = client.apps.list(page=1, per_page=1)
    same("apps in all", listed["meta"]["total"], 2)
    same("a next page", "next" in listed["links"]["pages"], True)
    listed = client.apps.list(page=1, per_page=200)["apps"]
    app = next(app for app in listed if app["spec"].get("databases"))
    spec = client.apps.get(app["id"])["app"]["spec"]
    same("the attached cluster", spec["databases"][0]["cluster_name"], cluster)
    proposed = client.apps.validate_app_spec({"app_id": app["id"], "spec": spec})
    same("a cost", proposed["app_cost"] > 0, True)
    spec["envs"].append({"key": "FROM_PYDO", "value": "canary", "scope": "RUN_TIME", "type": "SECRET"})
    updated = client.apps.update(app["id"], {"spec": spec})["app"]
    sealed = updated["spec"]["envs"][-1]["value"]
    same("a sealed secret", sealed.startswith("EV[1:"), True)
    deployment = updated["pending_deployment"]["id"]
    for _ in range(600):
        phase = client.apps.get_deployment(app["id"], deployment)["deployment"]["phase"]
        if phase in ("ACTIVE", "ERROR"):
            break
        time.sleep(0.05)
    same("the deployment's end", phase, "ACTIVE")
    newest = client.apps.list_deployments(app["id"])["deployments"][0]
    same("the newest deployment", newest["id"], deployment)


apps(databases())
print("\n".join(wrong) or "nothing is wrong")
sys.exit(bool(wrong))
