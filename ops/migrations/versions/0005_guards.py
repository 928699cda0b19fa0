"""Guards in the database itself: versions, immutability, the ledger's balance."""

from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

VERSIONED = ("accounts", "emergencies", "centres", "incidents", "needs", "items", "volunteers", "closures", "tasks")
APPEND_ONLY = ("events", "movements", "entries")

TOUCH = """
CREATE FUNCTION touch_version() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  NEW.version := OLD.version + 1;
  NEW.updated_at := clock_timestamp();
  RETURN NEW;
END $$
"""
REFUSE = """
CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
END $$
"""
# Only the reading's state, and the emergency of a report still in triage, may change.
REPORT = """
CREATE FUNCTION keep_report() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF (NEW.id, NEW.receipt, NEW.channel, NEW.source, NEW.source_key, NEW.body_hash, NEW.content_type, NEW.flags,
      NEW.received_at, NEW.occurred_at, NEW.sender_hash, NEW.body_sealed, NEW.sender_sealed, NEW.meta_sealed,
      NEW.geom_exact_sealed, NEW.sealing_key_id, NEW.data_key_wrapped)
     IS DISTINCT FROM
     (OLD.id, OLD.receipt, OLD.channel, OLD.source, OLD.source_key, OLD.body_hash, OLD.content_type, OLD.flags,
      OLD.received_at, OLD.occurred_at, OLD.sender_hash, OLD.body_sealed, OLD.sender_sealed, OLD.meta_sealed,
      OLD.geom_exact_sealed, OLD.sealing_key_id, OLD.data_key_wrapped)
     OR (OLD.emergency_id IS NOT NULL AND NEW.emergency_id IS DISTINCT FROM OLD.emergency_id)
  THEN
    RAISE EXCEPTION 'a report is unchangeable' USING ERRCODE = 'restrict_violation';
  END IF;
  RETURN NEW;
END $$
"""
# INSERT … ON CONFLICT checks the row proposed for insertion first: a negative first entry of an existing balance
# would fail its CHECK, so the trigger updates first and inserts only what is new.
STOCK = """
CREATE FUNCTION keep_stock() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO stock (account_id, item_id, quantity, may_be_negative)
  SELECT a.id, NEW.item_id, 0, a.kind = 'outside' FROM stock_accounts a WHERE a.id = NEW.account_id
  ON CONFLICT DO NOTHING;
  UPDATE stock SET quantity = quantity + NEW.quantity, updated_at = clock_timestamp()
  WHERE account_id = NEW.account_id AND item_id = NEW.item_id;
  RETURN NULL;
END $$
"""
BALANCE = """
CREATE FUNCTION keep_balance() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF EXISTS (SELECT 1 FROM entries WHERE movement_id = NEW.movement_id GROUP BY item_id HAVING sum(quantity) <> 0) THEN
    RAISE EXCEPTION 'movement % does not balance', NEW.movement_id USING ERRCODE = 'check_violation',
      CONSTRAINT = 'ck_entries_balance';
  END IF;
  RETURN NULL;
END $$
"""


def upgrade() -> None:
    """Up."""
    for function in (TOUCH, REFUSE, REPORT, STOCK, BALANCE):
        op.execute(function)
    for table in VERSIONED:
        op.execute(
            f"CREATE TRIGGER touch_version BEFORE UPDATE ON {table} FOR EACH ROW EXECUTE FUNCTION touch_version()"
        )
    for table in APPEND_ONLY:
        op.execute(
            f"CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON {table}"
            " FOR EACH ROW EXECUTE FUNCTION refuse_change()"
        )
        op.execute(
            f"CREATE TRIGGER append_only_truncate BEFORE TRUNCATE ON {table}"
            " FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
        )
    op.execute("CREATE TRIGGER keep_report BEFORE UPDATE ON reports FOR EACH ROW EXECUTE FUNCTION keep_report()")
    op.execute("CREATE TRIGGER append_only BEFORE DELETE ON reports FOR EACH ROW EXECUTE FUNCTION refuse_change()")
    op.execute("CREATE TRIGGER keep_stock AFTER INSERT ON entries FOR EACH ROW EXECUTE FUNCTION keep_stock()")
    op.execute(
        "CREATE CONSTRAINT TRIGGER keep_balance AFTER INSERT ON entries DEFERRABLE INITIALLY DEFERRED"
        " FOR EACH ROW EXECUTE FUNCTION keep_balance()"
    )


def downgrade() -> None:
    """Down."""
    for trigger in ("keep_balance", "keep_stock"):
        op.execute(f"DROP TRIGGER {trigger} ON entries")
    op.execute("DROP TRIGGER append_only ON reports")
    op.execute("DROP TRIGGER keep_report ON reports")
    for table in APPEND_ONLY:
        op.execute(f"DROP TRIGGER append_only ON {table}")
        op.execute(f"DROP TRIGGER append_only_truncate ON {table}")
    for table in VERSIONED:
        op.execute(f"DROP TRIGGER touch_version ON {table}")
    for function in ("touch_version", "refuse_change", "keep_report", "keep_stock", "keep_balance"):
        op.execute(f"DROP FUNCTION {function}()")
