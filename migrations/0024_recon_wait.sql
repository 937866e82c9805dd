-- Bills that are not matched, and why; what of the books a matched bill was held against.
alter table bill
	add column tries    int4 not null default 0, -- how often the match was refused
	add column next_at  timestamptz,             -- and is tried again; null: at once
	add column error    text,                    -- why it was
	add column books_to int8 not null default 0; -- the last sealed batch that it was held against
