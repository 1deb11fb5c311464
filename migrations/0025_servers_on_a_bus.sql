-- Servers that share a database may reach each other over a bus. Then the institutions are spread over all of them, and whoever takes a
-- request for another's carries it there; so each must know under which id the others are reached, and who is cut off from them.
--
-- A server of the version before writes neither: it has no bus, and none of the others gives it anything.
alter table nodes
    -- Under which id it is reached over the bus. Null: it has none.
    add column bus          uuid,
    -- Whether it is on the bus and hears another that is, if there is any.
    add column bus_is_heard boolean not null default false;
