-- What an account keeps in all is added up before each upload.
CREATE INDEX files_by_owner ON files (owner, bytes);
