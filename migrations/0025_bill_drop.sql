-- Takes away a bill whose match was refused: nothing of it is booked.  One that was matched stays for ever.
create function bill_drop(what uuid) returns void
language plpgsql security definer set search_path from current as $$
begin
	delete from bill where bill_id = what and state = 1 and error is not null;
	if found then
		delete from bill_line where bill_id = what;
	end if;
end
$$;
revoke execute on function bill_drop(uuid) from public;
grant execute on function bill_drop(uuid) to yuncang_service;
