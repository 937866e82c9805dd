-- What finance does beside what orders post by themselves: one row each, whether it waited for a second person or not.

alter table proposal
	-- An approval of what was decided meanwhile writes 0, and its whole transaction is nothing.
	add constraint proposal_state check (state between 1 and 3),
	add constraint proposal_decided check ((state = 1) = (decided_at is null));
create index proposal_latest on proposal (proposed_at, proposal_id);
