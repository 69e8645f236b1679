package link

import (
	"slices"
	"time"

	"utkik/internal/call"
)

// Said is a last day with those that state it.
type Said struct {
	Day call.Moment
	By  []call.Key
}

// Odds gives the next last days that calls which are shown as one state at now, when they differ from what the first of
// them states, whose day comes first; none when they do not. Of a call with several days a source may well state only
// one, and a notice states none of its own.
func Odds(calls []*call.Call, now time.Time) []Said {
	if len(calls) == 0 {
		return nil
	}
	first := calls[0]
	own, ok := first.NextDeadline(now)
	if !ok {
		return nil
	}
	has := func(c *call.Call, day string) bool {
		return slices.ContainsFunc(c.Deadlines, func(m call.Moment) bool { return m.Date() == day })
	}
	days := []Said{{own, []call.Key{first.Key()}}}
	for _, c := range calls[1:] {
		next, ok := c.NextDeadline(now)
		if !ok || c.Kind == call.KindNews {
			continue
		}
		day := next.Date()
		switch i := slices.IndexFunc(days, func(s Said) bool { return s.Day.Date() == day }); {
		case i >= 0:
			days[i].By = append(days[i].By, c.Key())
		case !has(first, day) && !has(c, own.Date()):
			days = append(days, Said{next, []call.Key{c.Key()}})
		}
	}
	if len(days) == 1 {
		return nil
	}
	return days
}
