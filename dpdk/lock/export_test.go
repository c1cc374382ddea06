package lock

// Inherit is what each waiter does when it looks for a dead owner.
func Inherit(s *OwnedSpin) error { return spinForm.inherit(&s.own) }
