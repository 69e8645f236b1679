package feed

import (
	"bytes"
	"fmt"
	"net/url"
	"strings"
	"time"
	"unicode"

	ics "github.com/arran4/golang-ical"

	"utkik/internal/call"
)

// Calendar is deadlines as calendar programs subscribe to them.
type Calendar struct {
	Name     string
	Subtitle string
	Language string // BCP 47
	Self     string // where it is found, so that a file that was downloaded can be renewed; empty when it is nowhere
	Events   []Event
}

// Event is one last day.
type Event struct {
	UID      string // see [UID]
	Deadline Deadline
	Title    string
	Text     string
	URL      string
	Tags     []string
}

// UID names a call's nth last day for good, so that every program changes it in its place.
func UID(host string, k call.Key, n int) string {
	return fmt.Sprintf("%s/%s/%d@%s", url.PathEscape(k.Source), url.PathEscape(k.Ref), n, host)
}

// refresh is how often programs are asked to look.
const refresh = "PT4H"

// zone is the rule of Europe/Brussels since 1996; nothing that is announced lies before. RFC 5545 wants it said where it is used.
const zone = "Europe/Brussels"

const local, utc = "20060102T150405", "20060102T150405Z"

// Bytes writes the calendar.
func (c *Calendar) Bytes() ([]byte, error) {
	cal := ics.NewCalendar()
	cal.SetProductId("-//Utkik//Utkik//" + upperTag(c.Language))
	cal.SetCalscale("GREGORIAN")
	lang := &ics.KeyValues{Key: "LANGUAGE", Value: []string{c.Language}}
	cal.CalendarProperties = append(cal.CalendarProperties,
		ics.CalendarProperty{BaseProperty: ics.BaseProperty{IANAToken: "NAME", ICalParameters: map[string][]string{"LANGUAGE": {c.Language}}, Value: line(c.Name)}},
		ics.CalendarProperty{BaseProperty: ics.BaseProperty{IANAToken: "REFRESH-INTERVAL", ICalParameters: map[string][]string{"VALUE": {"DURATION"}}, Value: refresh}})
	cal.SetXWRCalName(line(c.Name)) // as programs read it that do not know RFC 7986
	if c.Subtitle != "" {
		cal.SetXWRCalDesc(line(c.Subtitle))
	}
	cal.SetXWRTimezone(zone)
	cal.SetXPublishedTTL(refresh)
	if c.Self != "" {
		cal.CalendarProperties = append(cal.CalendarProperties,
			ics.CalendarProperty{BaseProperty: ics.BaseProperty{IANAToken: "SOURCE", ICalParameters: map[string][]string{"VALUE": {"URI"}}, Value: c.Self}})
	}
	cal.Components = append(cal.Components, brussels())
	for i := range c.Events {
		e := &c.Events[i]
		d := e.Deadline
		v := ics.NewEvent(e.UID)
		v.SetProperty(ics.ComponentPropertyDtstamp, d.Changed.UTC().Format(utc)) // without METHOD it is when the event was last made another
		v.SetProperty(ics.ComponentPropertyLastModified, d.Changed.UTC().Format(utc))
		v.SetSequence(d.Sequence)
		days := []string{"-P7D", "-P1D"}
		if d.At.DayOnly() {
			// From midnight: reminders at nine in the morning are read, those at midnight are not.
			days = []string{"-P6DT15H", "-PT15H"}
			v.SetProperty(ics.ComponentPropertyDtStart, d.At.Time().Format("20060102"), ics.WithValue("DATE"))
			v.SetProperty(ics.ComponentPropertyDtEnd, d.At.End().Format("20060102"), ics.WithValue("DATE"))
		} else {
			// Without an end it ends as it begins: the time stands for itself.
			v.SetProperty(ics.ComponentPropertyDtStart, d.At.Time().In(call.Brussels()).Format(local), ics.WithTZID(zone))
		}
		v.SetSummary(line(e.Title), lang)
		if e.Text != "" {
			v.SetDescription(clean(e.Text))
		}
		v.SetURL(e.URL)
		for _, t := range e.Tags {
			v.AddProperty(ics.ComponentPropertyCategories, line(t))
		}
		v.SetProperty(ics.ComponentPropertyTransp, "TRANSPARENT") // a deadline takes nobody's time
		v.SetProperty(ics.ComponentPropertyClass, "PUBLIC")
		status := ics.ObjectStatusConfirmed
		if d.Cancelled {
			status = ics.ObjectStatusCancelled
		}
		v.SetStatus(status)
		if !d.Cancelled {
			for _, before := range days {
				alarm := v.AddAlarm()
				alarm.SetAction(ics.ActionDisplay)
				alarm.SetTrigger(before)
				alarm.SetDescription(line(e.Title))
			}
		}
		cal.Components = append(cal.Components, v)
	}
	var b bytes.Buffer
	if err := cal.SerializeTo(&b, ics.WithNewLineWindows); err != nil {
		return nil, fmt.Errorf("calendar %q: %v", c.Name, err)
	}
	return b.Bytes(), nil
}

// brussels is the time zone as calendars say it.
func brussels() *ics.VTimezone {
	z := &ics.VTimezone{}
	z.Properties = append(z.Properties, property("TZID", zone))
	part := func(begins, from, to, name, month string) ics.ComponentBase {
		return ics.ComponentBase{Properties: []ics.IANAProperty{property("DTSTART", begins), property("TZOFFSETFROM", from), property("TZOFFSETTO", to),
			property("TZNAME", name), property("RRULE", "FREQ=YEARLY;BYMONTH="+month+";BYDAY=-1SU")}}
	}
	z.Components = append(z.Components, &ics.Daylight{ComponentBase: part("19960331T020000", "+0100", "+0200", "CEST", "3")},
		&ics.Standard{ComponentBase: part("19961027T030000", "+0200", "+0100", "CET", "10")})
	return z
}

func property(name, value string) ics.IANAProperty {
	return ics.IANAProperty{BaseProperty: ics.BaseProperty{IANAToken: name, ICalParameters: map[string][]string{}, Value: value}}
}

// clean takes out what a calendar's text may not hold: the library escapes commas, not control characters, and a lone carriage
// return would begin a property of its own.
func clean(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) && r != '\n' || r == unicode.ReplacementChar {
			return -1
		}
		return r
	}, strings.ToValidUTF8(s, ""))
}

// line is clean text on one line.
func line(s string) string { return strings.Join(strings.Fields(clean(s)), " ") }

func upperTag(lang string) string {
	if lang == "sv" {
		return "SV"
	}
	return "EN"
}

// Updated is when an event of the calendar last was made another.
func (c *Calendar) Updated() time.Time {
	var out time.Time
	for _, e := range c.Events {
		if e.Deadline.Changed.After(out) {
			out = e.Deadline.Changed
		}
	}
	return out
}
