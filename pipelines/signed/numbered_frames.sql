-- All frames to be judged, in batches of about so many; those of a transaction are peers and so stand in one batch.
SELECT *, count(*) OVER (ORDER BY station_id, transaction_id RANGE UNBOUNDED PRECEDING) // $at_once AS batch_no
FROM new_signed_frames
