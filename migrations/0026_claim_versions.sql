-- How often a claim was corrected: of two corrections within one look at the changes the later one holds.
alter table ownership_claim add column version integer not null default 0;
