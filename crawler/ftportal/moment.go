package ftportal

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"utkik/internal/call"
)

// stamp is a point in time as the portal writes it: Brussels' wall clock, whatever zone it claims.
type stamp struct {
	at   time.Time // in Brussels
	bare bool      // no clock time was meant
}

// readStamp reads the forms that the portal was seen to use:
//
//	2026-09-22T00:00:00.000+0000   a day; +0000 is a label (+0100 and +0200 in 2024)
//	2023-05-11T02:00:00.000+0200   the same, shifted by the label's offset
//	2026-05-20T17:00:00.000+0000   17:00 in Brussels
//	2026-06-02T08:00:55.000+0000   a wall clock with random seconds
//	2024-11-28                     a day
//	1744236000000                  milliseconds of midnight in Brussels
//	06 November 2024               a day
//	Nov 6, 2024 5:00:00 PM         17:00 in Brussels
func readStamp(s string) (stamp, bool) {
	s = strings.TrimSpace(s)
	if len(s) >= 11 && len(s) <= 14 {
		if ms, err := strconv.ParseInt(s, 10, 64); err == nil {
			return sane(time.UnixMilli(ms).In(call.Brussels()), 0)
		}
	}
	if len(s) > 10 && s[10] == 'T' {
		wall, zone := s, ""
		if i := strings.LastIndexAny(s[11:], "+-Z"); i >= 0 {
			wall, zone = s[:11+i], strings.ReplaceAll(s[11+i:], ":", "")
		}
		var offset time.Duration
		if zone != "" && zone != "Z" {
			z, err := time.Parse("-0700", zone)
			if err != nil {
				return stamp{}, false
			}
			_, sec := z.Zone()
			offset = time.Duration(sec) * time.Second
		}
		for _, layout := range []string{"2006-01-02T15:04:05", "2006-01-02T15:04"} { // fractions are read as well
			if t, err := time.ParseInLocation(layout, wall, call.Brussels()); err == nil {
				return sane(t, offset)
			}
		}
		return stamp{}, false
	}
	for _, layout := range []string{time.DateOnly, "2 January 2006", "2 Jan 2006", "Jan 2, 2006 3:04:05 PM"} {
		if t, err := time.ParseInLocation(layout, s, call.Brussels()); err == nil {
			return sane(t, 0)
		}
	}
	return stamp{}, false
}

// sane refuses years that no call can have, and tells bare days from clock times.
func sane(t time.Time, offset time.Duration) (stamp, bool) {
	clock := time.Duration(t.Hour())*time.Hour + time.Duration(t.Minute())*time.Minute + time.Duration(t.Second())*time.Second
	return stamp{t, clock == 0 || clock == offset}, t.Year() >= 2000 && t.Year() < 2100
}

func (s stamp) day() call.Moment { return call.Day(s.at.Date()) }

// deadline gives s as a deadline. A bare day closes at clock, in minutes after midnight; without clock
// (negative) it stays a day.
func (s stamp) deadline(clock int) call.Moment {
	switch {
	case !s.bare:
		return call.At(s.at)
	case clock < 0:
		return s.day()
	}
	y, m, d := s.at.Date()
	return call.At(time.Date(y, m, d, clock/60, clock%60, 0, 0, call.Brussels()))
}

// readDeadlines gives the deadlines of a row in order, each once, and those that it could not read.
func readDeadlines(values []string, clock int) (out []call.Moment, bad []string) {
	for _, v := range values {
		if strings.TrimSpace(v) == "" || v == "null" {
			continue
		}
		s, ok := readStamp(v)
		if !ok {
			bad = append(bad, v)
			continue
		}
		out = append(out, s.deadline(clock))
	}
	slices.SortStableFunc(out, call.Moment.Compare)
	return slices.CompactFunc(out, call.Moment.Equal), bad
}

// readClock reads a source's clock, such as 17:00, as minutes after midnight; -1 when it states none.
func readClock(s string) int {
	t, err := time.Parse("15:04", s)
	if err != nil {
		return -1
	}
	return t.Hour()*60 + t.Minute()
}
