"""In-store inventory: shelf cameras, RFID, tills and scans in; stock that people believe and what to do now out."""
