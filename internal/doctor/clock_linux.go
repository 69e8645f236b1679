package doctor

import "syscall"

// unsynced is the kernel's TIME_ERROR: nobody keeps the clock.
const unsynced = 5

// Synced tells whether the system's clock is kept by NTP, as far as the kernel knows.
func Synced() (synced, known bool) {
	var t syscall.Timex
	state, err := syscall.Adjtimex(&t)
	if err != nil {
		return false, false
	}
	return state != unsynced, true
}
