package subscription

import (
	"fmt"
	"slices"
	"time"
)

// Calendar tells whether people work on a local day.
type Calendar func(day time.Time) bool

// Weekdays is the calendar that knows no holidays.
func Weekdays(day time.Time) bool {
	return day.Weekday() != time.Saturday && day.Weekday() != time.Sunday
}

// lookBack is how many days a due mail is looked for: a month, and the holidays before a month's first working day.
const lookBack = 45

// Due is the mail that is to be written to a recipient now.
type Due struct {
	Period  string    // local day on which it was due, 2026-05-13: with the recipient it is the outbox's key
	At      time.Time // when it was due
	Address string    // where it goes
	StandIn bool      // Address is a stand-in's
}

// Why no mail is due.
type Why string

// The reasons.
const (
	WhyTold      Why = "told"      // the latest period has been dealt with
	WhyPaused    Why = "paused"    // and nobody stands in
	WhySuspended Why = "suspended" // the address was refused
	WhyNothing   Why = "nothing"   // it follows nothing
)

func (r *Recipient) location() (*time.Location, error) {
	if r.Zone == "" {
		return nil, fmt.Errorf("no zone")
	}
	return time.LoadLocation(r.Zone)
}

// Due tells which mail is to be written to r at now, or why none is. However many days were missed, it is one
// mail: that of the latest day on which one should have left.
func (r *Recipient) Due(now time.Time, works Calendar) (Due, Why) {
	loc, err := r.location()
	if err != nil || len(r.Follows) == 0 {
		return Due{}, WhyNothing
	}
	local := now.In(loc)
	d := Due{Address: r.Address}
	if r.Pause.Until > local.Format(time.DateOnly) {
		if r.Pause.StandIn == "" {
			return Due{}, WhyPaused
		}
		d.Address, d.StandIn = r.Pause.StandIn, true
	}
	if r.Suspended.Is() && !d.StandIn {
		return Due{}, WhySuspended
	}
	today := time.Date(local.Year(), local.Month(), local.Day(), 0, 0, 0, 0, loc)
	for back := range lookBack {
		day := today.AddDate(0, 0, -back)
		at := r.clock(day)
		if at.After(now) || !r.falls(day, works) {
			continue
		}
		d.Period, d.At = day.Format(time.DateOnly), at
		added := r.Progress.Mailed.In(loc).Format(time.DateOnly) // of who was never told anything
		if d.Period <= r.Progress.Period || r.Progress.Period == "" && d.Period < added {
			return Due{}, WhyTold
		}
		return d, ""
	}
	return Due{}, WhyTold // unreachable where people work at least one day in a month
}

// Next gives the first time after now at which a mail to r falls due, pauses left aside.
func (r *Recipient) Next(now time.Time, works Calendar) (time.Time, bool) {
	loc, err := r.location()
	if err != nil {
		return time.Time{}, false
	}
	local := now.In(loc)
	today := time.Date(local.Year(), local.Month(), local.Day(), 0, 0, 0, 0, loc)
	for ahead := range lookBack {
		day := today.AddDate(0, 0, ahead)
		if at := r.clock(day); at.After(now) && r.falls(day, works) {
			return at, true
		}
	}
	return time.Time{}, false
}

// clock is the recipient's hour on a day. In the night in which the clock jumps over it, it is an hour later.
func (r *Recipient) clock(day time.Time) time.Time {
	return time.Date(day.Year(), day.Month(), day.Day(), r.Hour, 0, 0, 0, day.Location())
}

// falls tells whether a mail of the recipient's rhythm falls on a day: daily on each working day, else on
// the first working day from the chosen day, or from the first of the month.
func (r *Recipient) falls(day time.Time, works Calendar) bool {
	if !works(day) {
		return false
	}
	var from time.Time
	switch r.Rhythm {
	case Weekly:
		want := slices.Index(weekdays, r.Weekday)
		from = day.AddDate(0, 0, -((int(day.Weekday()) - want + 7) % 7))
	case Monthly:
		from = time.Date(day.Year(), day.Month(), 1, 0, 0, 0, 0, day.Location())
	default:
		return true
	}
	for d := from; d.Before(day); d = d.AddDate(0, 0, 1) {
		if works(d) {
			return false
		}
	}
	return true
}

// Silent tells whether a month has gone by without a mail, so that a recipient who wants a sign of life gets one.
func (r *Recipient) Silent(due time.Time) bool {
	return r.Lifesign && !due.Before(r.Progress.Mailed.AddDate(0, 1, 0).Add(-12*time.Hour))
}
