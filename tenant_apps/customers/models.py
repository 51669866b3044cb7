"""Customers: the people a club serves, what they are found by, and files of them."""

from django.db import models
from django.db.models.functions import Lower

from platform_shared.kit.ids import new_id
from platform_shared.kit.principal import ActorStamp
from tenant_apps.customers.enums import ImportStatus, RowFate


class Customer(models.Model):
    """A member or guest. A login is optional and linked by invitation.

    ``email`` is kept in lower case, so it is unique whatever its case; ``phone`` is what was
    typed and ``phone_e164`` the number it means; ``name_key`` is the name as duplicates are told
    by, ``sort_name`` as lists are sorted by. The row is what every change of the customer's credits
    and presence locks first.

    ``merged_into`` is whom the customer turned out to be: such a row is inactive and stays as it
    is, whom it leads to may have been merged further.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    name = models.CharField(max_length=160)
    name_key = models.CharField(max_length=400, blank=True, default="", db_default="")
    sort_name = models.CharField(
        max_length=400, blank=True, default="", db_default="", db_collation="C"
    )
    email = models.EmailField(max_length=254, null=True, unique=True)  # noqa: DJ001 - unique, and '' is not
    phone = models.CharField(max_length=40, blank=True)
    phone_e164 = models.CharField(max_length=16, blank=True, default="", db_default="")
    birth_date = models.DateField(null=True)
    address = models.CharField(max_length=400, blank=True)
    emergency_name = models.CharField(max_length=160, blank=True, default="", db_default="")
    emergency_phone = models.CharField(max_length=40, blank=True, default="", db_default="")
    notes = models.TextField(blank=True, default="", db_default="")
    tags = models.JSONField(default=list, db_default=models.Value([], models.JSONField()))
    guardian = models.ForeignKey(
        "self", on_delete=models.PROTECT, null=True, related_name="wards", db_index=False
    )
    guardian_relation = models.CharField(max_length=40, blank=True, default="", db_default="")
    is_active = models.BooleanField(default=True)
    merged_into = models.ForeignKey(
        "self", on_delete=models.PROTECT, null=True, related_name="+", db_index=False
    )
    user = models.OneToOneField(
        "accounts.User", on_delete=models.SET_NULL, null=True, related_name="+"
    )
    created_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(email=None) | models.Q(email=Lower("email")),
                name="customers_customer_email_lower",
            ),
            models.CheckConstraint(
                condition=~models.Q(guardian=models.F("id")), name="customers_not_own_guardian"
            ),
            models.CheckConstraint(
                condition=models.Q(merged_into=None)
                | (models.Q(is_active=False) & ~models.Q(merged_into=models.F("id"))),
                name="customers_merged_is_inactive",
            ),
        ]
        indexes = [
            models.Index(
                fields=["phone_e164"],
                condition=~models.Q(phone_e164=""),
                name="customers_by_phone",
            ),
            models.Index(
                fields=["birth_date", "name_key"],
                condition=models.Q(birth_date__isnull=False),
                name="customers_by_birth_and_name",
            ),
            models.Index(
                fields=["guardian"],
                condition=models.Q(guardian__isnull=False),
                name="customers_by_guardian",
            ),
            models.Index(
                fields=["sort_name", "id"],
                condition=models.Q(merged_into=None),
                name="customers_by_name",
            ),
            models.Index(
                fields=["created_at", "id"],
                condition=models.Q(merged_into=None),
                name="customers_by_creation",
            ),
        ]

    def __str__(self) -> str:
        return self.name


class HomeLocation(models.Model):
    """A place that a customer calls home."""

    pk = models.CompositePrimaryKey("customer_id", "location_id")
    customer = models.ForeignKey(
        Customer, on_delete=models.CASCADE, related_name="home_locations", db_index=False
    )
    location = models.ForeignKey("locations.Location", on_delete=models.PROTECT, related_name="+")

    def __str__(self) -> str:
        return f"{self.customer_id} at {self.location_id}"


class SearchTerm(models.Model):
    """Something that ``customer`` is found by: a word of the name, an address, a number, a tag.

    Terms are normalised and compared byte by byte, by ``=``, ``>=`` and ``<`` alone: those may use
    an index under row-level security. ``owner`` is whose word it is: the customer, or one that was
    merged into them.
    """

    pk = models.CompositePrimaryKey("owner_id", "term")
    owner = models.ForeignKey(Customer, on_delete=models.CASCADE, related_name="+", db_index=False)
    term = models.CharField(max_length=254, db_collation="C")
    customer = models.ForeignKey(
        Customer, on_delete=models.CASCADE, related_name="+", db_index=False
    )

    class Meta:
        indexes = [
            models.Index(fields=["term", "customer"], name="customers_term"),
            models.Index(fields=["customer", "term"], name="customers_term_of_customer"),
        ]

    def __str__(self) -> str:
        return self.term


class Merge(ActorStamp):
    """That ``duplicate`` is ``survivor``, for good; ``survivor`` is one that is not merged itself.

    Rows that cannot be changed keep the duplicate's id, and readers ask here whose it is.
    ``moved`` says how many rows of each kind went along.
    """

    duplicate = models.OneToOneField(
        Customer, on_delete=models.PROTECT, primary_key=True, related_name="merge"
    )
    survivor = models.ForeignKey(Customer, on_delete=models.PROTECT, related_name="+")
    moved = models.JSONField()
    merged_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.duplicate_id} is {self.survivor_id}"


class CustomerImport(ActorStamp):
    """A file of customers, worked off from the top; ``offset`` is the byte where it goes on.

    Of ``total`` rows ``rows`` have been looked at; ``columns`` are the names in its header.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    file = models.CharField(max_length=100)
    dry_run = models.BooleanField()
    status = models.CharField(max_length=7, choices=ImportStatus.choices)
    columns = models.JSONField()
    delimiter = models.CharField(max_length=1)
    offset = models.PositiveIntegerField()
    total = models.PositiveIntegerField()
    rows = models.PositiveIntegerField(default=0)
    created = models.PositiveIntegerField(default=0)
    duplicates = models.PositiveIntegerField(default=0)
    invalid = models.PositiveIntegerField(default=0)
    created_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(status__in=ImportStatus.values),
                name="customers_import_status",
            ),
            models.CheckConstraint(
                condition=models.Q(
                    rows=models.F("created") + models.F("duplicates") + models.F("invalid")
                ),
                name="customers_import_adds_up",
            ),
        ]

    def __str__(self) -> str:
        return str(self.id)


class ImportRow(models.Model):
    """What became of one row of a file; ``number`` counts rows from 1, the header left out.

    ``digest`` tells rows with the same content. ``duplicate_of`` is the row of the same file that
    this one repeats, where there is no customer to point to.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    customer_import = models.ForeignKey(
        CustomerImport, on_delete=models.CASCADE, related_name="fates", db_index=False
    )
    number = models.PositiveIntegerField()
    fate = models.CharField(max_length=9, choices=RowFate.choices)
    digest = models.BinaryField(max_length=32)
    customer = models.ForeignKey(
        Customer, on_delete=models.SET_NULL, null=True, related_name="+", db_index=False
    )
    duplicate_of = models.PositiveIntegerField(null=True)
    errors = models.JSONField(default=list)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["customer_import", "number"], name="customers_import_row_once"
            ),
            models.CheckConstraint(
                condition=models.Q(fate__in=RowFate.values), name="customers_import_row_fate"
            ),
        ]
        indexes = [
            models.Index(
                fields=["digest"],
                condition=models.Q(fate=RowFate.CREATED, customer__isnull=False),
                name="customers_imported_before",
            ),
        ]

    def __str__(self) -> str:
        return f"row {self.number}: {self.fate}"


class ImportKey(models.Model):
    """What tells a row that a dry run would create; there is no customer to find it by."""

    pk = models.CompositePrimaryKey("customer_import_id", "key")
    customer_import = models.ForeignKey(
        CustomerImport, on_delete=models.CASCADE, related_name="+", db_index=False
    )
    key = models.BinaryField(max_length=32)
    number = models.PositiveIntegerField()

    def __str__(self) -> str:
        return f"row {self.number}"
