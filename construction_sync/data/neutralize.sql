-- A copy of the database speaks to nobody and lets nobody in: keys of clients and of
-- webhooks stay with the original. An administrator sets new ones where they are needed.
UPDATE construction_sync_client_key
   SET revoked_at = now() AT TIME ZONE 'UTC'
 WHERE revoked_at IS NULL;
UPDATE construction_sync_secret SET sealed = NULL;
UPDATE construction_sync_credential SET sealed = NULL, token_sealed = NULL;
UPDATE construction_sync_audit_key
   SET sealed = NULL, retired_at = COALESCE(retired_at, now() AT TIME ZONE 'UTC');
UPDATE construction_sync_system SET state = 'paused' WHERE state = 'live';
