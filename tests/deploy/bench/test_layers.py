from deploy.bench import layers

OUTER = (
    "process 1;inner (django/core/handlers/exception.py:55);utf8 (platform_shared/kit/wsgi.py:29)"
)
VIEW = "ScansView.post (tenant_apps/checkins/api/views.py:40)"


class TestCount:
    def test_puts_a_sample_down_to_its_innermost_layer(self) -> None:
        for inner, layer in (
            ("Connection.wait (psycopg/connection.py:495)", "waiting for PostgreSQL"),
            ("dump (psycopg/_queries.py:299)", "driver"),
            ("Query.add_q (django/db/models/sql/query.py:1);copy (copy.py:98)", "building SQL"),
            ("ScanSerializer.is_valid (rest_framework/serializers.py:1)", "validation"),
            ("ApiView.valid (x.py:1);get_fields (rest_framework/serializers.py:9)", "validation"),
            ("Serializer.data (rest_framework/serializers.py:1)", "serialisation"),
            ("decide (tenant_apps/checkins/decision.py:1)", "judging"),
            ("verify (platform_shared/accounts/tokens.py:1)", "authentication"),
            ("StreamHandler.emit (logging/__init__.py:1)", "logging"),
            ("Signature.bind (inspect.py:1)", "DRF and views"),
        ):
            assert layers.count([f"{OUTER};{VIEW};{inner} 3"]) == {layer: 3}, inner

    def test_leaves_out_what_is_no_scan(self) -> None:
        lines = [
            "process 1;wait (threading.py:1) 900",
            f"{OUTER};_find_and_load (<frozen importlib._bootstrap>:1) 800",
            f"{OUTER};TokenView.post (platform_shared/accounts/api/views.py:1);verify (argon2) 70",
        ]
        assert layers.count(lines) == {}

    def test_calls_other_what_belongs_nowhere(self) -> None:
        assert layers.layer_of(["main (x.py:1)"]) == layers.OTHER
