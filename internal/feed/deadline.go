package feed

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"utkik/internal/call"
)

// Deadline is one last day of a call as a calendar keeps it: under a number that stays when the day moves.
type Deadline struct {
	N         int // from 1
	At        call.Moment
	Sequence  int       // how often it was made another
	Changed   time.Time // when that was last
	Cancelled bool
}

// Deadlines follows the last days of a call through its change log. A day that moves keeps its number, so that calendars
// move what they have instead of keeping both. A day that is taken away before it came is cancelled, and so are all that
// lie ahead when the call is withdrawn or closes early. Of a day that has passed nothing changes any more.
func Deadlines(c *call.Call, changes []call.Change, firstSeen, gone time.Time) []Deadline {
	var out []Deadline
	began, closed := false, firstSeen
	begin := func(days []string) {
		began = true
		for _, d := range days {
			out = append(out, Deadline{N: len(out) + 1, At: day(d), Changed: firstSeen})
		}
	}
	for _, ch := range changes {
		switch {
		case ch.Field == "deadlines":
			if !began {
				begin(split(ch.Old))
			}
			out = move(out, split(ch.New), ch.At)
		case ch.Event == call.EventWithdrawn, ch.Event == call.EventClosed, ch.Event == call.EventStatus:
			closed = ch.At
			if !began { // whatever they were then: as many as are known now
				begin(daysOf(c))
			}
			for i := range out {
				if !out[i].At.Passed(ch.At) && !out[i].Cancelled {
					out[i].Sequence, out[i].Changed = out[i].Sequence+1, ch.At
				}
			}
		}
	}
	if !began {
		begin(daysOf(c))
	}
	last := firstSeen
	for _, ch := range changes {
		if ch.At.After(last) {
			last = ch.At
		}
	}
	out = move(out, daysOf(c), last) // what the log does not say, such as of items that were imported
	ended := gone
	if c.Status == call.StatusClosed && ended.IsZero() {
		ended = closed
	}
	for i := range out {
		d := &out[i]
		for _, m := range c.Deadlines { // with its clock time
			if m.Date() == d.At.Date() {
				d.At = m
				break
			}
		}
		if !ended.IsZero() && !d.At.Passed(ended) {
			d.Cancelled = true
		}
	}
	slices.SortFunc(out, func(a, b Deadline) int { return cmp.Compare(a.N, b.N) })
	return out
}

// move makes the days those of a new list: those that are in both stay, the others move in their order, and what is left
// over comes or is cancelled.
func move(out []Deadline, days []string, at time.Time) []Deadline {
	var free []int
	var came []string
	for i := range out {
		d := &out[i]
		has := slices.Contains(days, d.At.Date())
		switch {
		case has && d.Cancelled: // it is there again
			d.Cancelled, d.Sequence, d.Changed = false, d.Sequence+1, at
		case !has && !d.Cancelled && !d.At.Passed(at):
			free = append(free, i)
		}
	}
	for _, day := range days {
		if !slices.ContainsFunc(out, func(d Deadline) bool { return d.At.Date() == day }) && !slices.Contains(came, day) {
			came = append(came, day)
		}
	}
	for n, i := range free {
		d := &out[i]
		d.Sequence, d.Changed = d.Sequence+1, at
		if n < len(came) {
			d.At = day(came[n])
		} else {
			d.Cancelled = true
		}
	}
	for n := len(free); n < len(came); n++ {
		out = append(out, Deadline{N: len(out) + 1, At: day(came[n]), Changed: at})
	}
	return out
}

func daysOf(c *call.Call) []string {
	var out []string
	for _, m := range c.Deadlines {
		if d := m.Date(); d != "" && !slices.Contains(out, d) {
			out = append(out, d)
		}
	}
	return out
}

// split reads the days of a line of the change log.
func split(s string) []string {
	var out []string
	for _, d := range strings.FieldsFunc(s, func(r rune) bool { return r == ',' || r == ';' || r == ' ' }) {
		if !day(d).IsZero() {
			out = append(out, day(d).Date())
		}
	}
	return out
}

func day(s string) call.Moment {
	m, err := call.ParseMoment(s)
	if err != nil {
		return call.Moment{}
	}
	return m
}
