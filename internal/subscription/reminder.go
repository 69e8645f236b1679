package subscription

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"utkik/internal/call"
)

// Awaited is the next day of a call that somebody follows or takes.
type Awaited struct {
	Keys     []call.Key // of the sources that publish the call, the one it is told under first
	Deadline time.Time  // local to the recipient
	Since    time.Time  // when it was decided
}

// Reminder is one reminder: with a recipient it is the key under which it is given, once. A deadline that moves to another
// day is another one.
type Reminder struct {
	Key      call.Key
	Deadline string // local day, 2026-05-20
	Step     int    // days before
}

// Reminders gives the reminders that are due on a local day: for each call the nearest step that its next deadline has reached,
// unless that one, or a nearer one of the same deadline, was given. So a day that was missed is caught up, by one reminder
// however many steps it was. What was decided when a step was reached already needs no reminder of it. until is how many days
// it is to the next day on which anybody can be reminded: a step that falls between is given before it, not after.
func Reminders(awaited []Awaited, given []Reminder, steps []int, today time.Time, until int) []Reminder {
	nearest := map[Reminder]int{} // by call and deadline: the nearest step that was given
	for _, g := range given {
		k := Reminder{Key: g.Key, Deadline: g.Deadline}
		if n, ok := nearest[k]; !ok || g.Step < n {
			nearest[k] = g.Step
		}
	}
	var out []Reminder
next:
	for _, a := range awaited {
		left := days(today, a.Deadline)
		if left < 0 || len(a.Keys) == 0 {
			continue
		}
		ahead := left - max(until-1, 0)
		step := -1
		for _, s := range steps {
			if s >= max(ahead, 0) && (step < 0 || s < step) && days(a.Since.In(today.Location()), a.Deadline) > s {
				step = s
			}
		}
		if step < 0 {
			continue
		}
		day := a.Deadline.Format(time.DateOnly)
		for _, k := range a.Keys {
			if n, ok := nearest[Reminder{Key: k, Deadline: day}]; ok && n <= step {
				continue next
			}
		}
		out = append(out, Reminder{a.Keys[0], day, step})
	}
	slices.SortFunc(out, func(x, y Reminder) int {
		return cmp.Or(strings.Compare(x.Deadline, y.Deadline), x.Key.Compare(y.Key), cmp.Compare(x.Step, y.Step))
	})
	return out
}

// Reminders gives the reminders that are due to r at now; see [Reminders].
func (r *Recipient) Reminders(awaited []Awaited, given []Reminder, steps []int, now time.Time, works Calendar) []Reminder {
	loc, err := r.location()
	if err != nil {
		return nil
	}
	today := now.In(loc)
	return Reminders(awaited, given, steps, today, UntilNext(today, works))
}

// days counts from one local day to another, whatever the hours and the clock's changes.
func days(from, to time.Time) int {
	utc := func(t time.Time) time.Time {
		y, m, d := t.Date()
		return time.Date(y, m, d, 0, 0, 0, 0, time.UTC)
	}
	return int(utc(to).Sub(utc(from)) / (24 * time.Hour))
}

// UntilNext counts the days from a local day to the next one on which people work.
func UntilNext(day time.Time, works Calendar) int {
	for n := 1; n < lookBack; n++ {
		if works(day.AddDate(0, 0, n)) {
			return n
		}
	}
	return 1
}

// Clear tells whether a mail that no rhythm asks for, such as a reminder, may leave for r now: from its hour on, on a day on
// which people work, unless what has to be said today went with a mail of its rhythm. It gives where it goes.
func (r *Recipient) Clear(now time.Time, works Calendar) (Due, bool) {
	loc, err := r.location()
	if err != nil {
		return Due{}, false
	}
	local := now.In(loc)
	day := time.Date(local.Year(), local.Month(), local.Day(), 0, 0, 0, 0, loc)
	d := Due{Period: day.Format(time.DateOnly), At: r.clock(day), Address: r.Address}
	if r.Pause.Until > d.Period {
		if r.Pause.StandIn == "" {
			return Due{}, false
		}
		d.Address, d.StandIn = r.Pause.StandIn, true
	}
	if r.Suspended.Is() && !d.StandIn || d.At.After(now) || !works(day) || r.Progress.Period == d.Period {
		return Due{}, false
	}
	return d, true
}

// maxStep is how many days before a deadline a reminder may be asked for.
const maxStep = 365

// ParseSteps reads the days before a deadline on which is reminded, such as "30, 14, 7, 1"; nothing is no reminder.
func ParseSteps(text string) ([]int, error) {
	var out []int
	for part := range strings.SplitSeq(text, ",") {
		part = strings.TrimSpace(part)
		if part == "" && strings.TrimSpace(text) == "" {
			return nil, nil
		}
		n, err := strconv.Atoi(part)
		if err != nil || n < 0 || n > maxStep || slices.Contains(out, n) {
			return nil, fmt.Errorf("want days before a last day, each once and 0 to %d, such as 30, 14, 7, 1; got %q", maxStep, text)
		}
		out = append(out, n)
	}
	return out, nil
}
