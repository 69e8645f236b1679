package call

import (
	"fmt"
	"sync"
	"time"
	_ "time/tzdata" // deadlines are local to Brussels, also where the machine has no zone files
)

// Moment is a point in time as a source publishes it: a local day, with a clock time and zone where they
// are stated. The zero Moment means that none was stated.
type Moment struct {
	at      time.Time // of a day: midnight in Brussels
	dayOnly bool
}

// Brussels is the zone of the EU's deadlines; Swedish clocks show the same time all year.
var Brussels = sync.OnceValue(func() *time.Location {
	loc, err := time.LoadLocation("Europe/Brussels")
	if err != nil { // unreachable: time/tzdata is linked in
		return time.UTC
	}
	return loc
})

// Day makes a Moment of a day without clock time.
func Day(year int, month time.Month, day int) Moment {
	return Moment{time.Date(year, month, day, 0, 0, 0, 0, Brussels()), true}
}

// At makes a Moment of a clock time, cut to the minute: portals add seconds at random.
func At(t time.Time) Moment {
	if t.IsZero() {
		return Moment{}
	}
	return Moment{at: t.Truncate(time.Minute)}
}

// ParseMoment reads a day (2026-09-22) or a time with zone (RFC 3339, such as 2026-09-22T17:00:00+02:00).
func ParseMoment(s string) (Moment, error) {
	if t, err := time.ParseInLocation(time.DateOnly, s, Brussels()); err == nil {
		return Moment{t, true}, nil
	}
	t, err := time.Parse(time.RFC3339, s)
	if err != nil {
		return Moment{}, fmt.Errorf("moment %q: want a day (2026-09-22) or a time with zone (2026-09-22T17:00:00+02:00)", s)
	}
	// A time on Brussels' clock keeps Brussels' zone, so that what is read equals what was written.
	if b := t.In(Brussels()); sameOffset(b, t) {
		t = b
	}
	return At(t), nil
}

func sameOffset(a, b time.Time) bool {
	_, x := a.Zone()
	_, y := b.Zone()
	return x == y
}

// IsZero tells whether no moment was stated.
func (m Moment) IsZero() bool { return m.at.IsZero() }

// DayOnly tells whether the source gave a day without a clock time.
func (m Moment) DayOnly() bool { return m.dayOnly }

// Date is the local day, as 2026-09-22, empty for the zero Moment. Two moments of the same Date are the
// same date to a reader, however their clock times differ.
func (m Moment) Date() string {
	if m.IsZero() {
		return ""
	}
	return m.at.Format(time.DateOnly)
}

// Time is the instant: of a day, its first.
func (m Moment) Time() time.Time { return m.at }

// End is the instant at which m has passed: of a day, the next midnight in Brussels.
func (m Moment) End() time.Time {
	if m.dayOnly {
		return m.at.AddDate(0, 0, 1)
	}
	return m.at
}

// Passed tells whether m lies behind now. The zero Moment never passes.
func (m Moment) Passed(now time.Time) bool { return !m.IsZero() && !now.Before(m.End()) }

// Compare orders moments by their end.
func (m Moment) Compare(o Moment) int { return m.End().Compare(o.End()) }

// Equal tells whether both say the same instant with the same precision.
func (m Moment) Equal(o Moment) bool { return m.dayOnly == o.dayOnly && m.at.Equal(o.at) }

// String gives the exchange form: a day or an RFC 3339 time.
func (m Moment) String() string {
	switch {
	case m.IsZero():
		return ""
	case m.dayOnly:
		return m.at.Format(time.DateOnly)
	}
	return m.at.Format(time.RFC3339)
}

// MarshalText writes the exchange form.
func (m Moment) MarshalText() ([]byte, error) { return []byte(m.String()), nil }

// UnmarshalText reads the exchange form; empty text is the zero Moment.
func (m *Moment) UnmarshalText(b []byte) error {
	if len(b) == 0 {
		*m = Moment{}
		return nil
	}
	v, err := ParseMoment(string(b))
	if err != nil {
		return err
	}
	*m = v
	return nil
}
