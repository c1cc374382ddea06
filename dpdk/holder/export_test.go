package holder

import "time"

// SetLeave sets how long Close waits for the workers.
func SetLeave(d time.Duration) { leave = d }
