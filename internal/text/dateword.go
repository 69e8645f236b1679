package text

import (
	"strings"
	"sync"
	"time"

	"utkik/internal/call"
)

// month gives the number of a month by its Swedish, English, Danish or Norwegian name, whole or shortened;
// 0 if s is none.
func month(s string) int {
	if len(s) < 3 || len(s) > 9 {
		return 0
	}
	switch s[0] | 0x20 {
	case 'j', 'f', 'm', 'a', 's', 'o', 'n', 'd':
	default:
		return 0
	}
	switch strings.ToLower(s) {
	case "jan", "january", "januari", "januar":
		return 1
	case "feb", "febr", "february", "februari", "februar":
		return 2
	case "mar", "march", "mars", "marts":
		return 3
	case "apr", "april":
		return 4
	case "may", "maj", "mai":
		return 5
	case "jun", "june", "juni":
		return 6
	case "jul", "july", "juli":
		return 7
	case "aug", "august", "augusti":
		return 8
	case "sep", "sept", "september":
		return 9
	case "oct", "october", "okt", "oktober":
		return 10
	case "nov", "november":
		return 11
	case "dec", "december", "des", "desember":
		return 12
	}
	return 0
}

// clockWord tells whether s begins or is a time of day.
func clockWord(s string) bool {
	if len(s) < 2 || len(s) > 8 {
		return false
	}
	switch strings.ToLower(s) {
	case "noon", "midday", "midnight", "midnatt":
		return true
	}
	return oClock(s)
}

// oClock tells whether s is the Swedish word before a clock time.
func oClock(s string) bool {
	return strings.EqualFold(s, "kl") || strings.EqualFold(s, "klockan")
}

// hourOf gives the time of day of a word. Midnight is the last minute of the day that it is said of.
func hourOf(s string) (h, m int) {
	switch strings.ToLower(s) {
	case "midnight", "midnatt":
		return 23, 59
	}
	return 12, 0
}

// beforeDate are words that may stand between a clock time, or the sign of a range, and a date.
func beforeDate(s string) bool {
	switch s {
	case "on", "the", "of", "den", "det", "dag", "och", "med", "and", "including", "inclusive", ",", "(", "at", "latest", "senast", "by":
		return true
	}
	return weekday(s)
}

// beforeClock are words that may stand between a date and its clock time.
func beforeClock(s string) bool {
	switch s {
	case ",", "(", "-", "–", "—", "at", "@", "before", "by", "until", "till", "from", "no", "not", "later", "than", "the", "latest",
		"före", "innan", "senast", "fram", "vid", "to", "t", "kl", "klockan", ".", ":", ";", "|":
		return true
	}
	return weekday(s)
}

// listWords stand between the dates of a list.
func listWords(s string) bool {
	switch s {
	case ",", "och", "samt", "eller", "and", "or", "&", "den":
		return true
	}
	return false
}

func weekday(s string) bool {
	s = strings.TrimSuffix(s, "en") // torsdagen
	switch s {
	case "monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday",
		"mon", "tue", "tues", "wed", "thu", "thur", "thurs", "fri", "sat", "sun",
		"måndag", "tisdag", "onsdag", "torsdag", "fredag", "lördag", "söndag",
		"mån", "tis", "ons", "tor", "tors", "fre", "lör", "sön":
		return true
	}
	return false
}

// skip goes past at most six tokens that ok accepts, in lower case, and gives the place after the last.
func (d *dater) skip(i int, ok func(string) bool) int {
	for range 6 {
		t := d.tok(i)
		if t.kind == none || t.kind == number || len(t.text) > 12 || !ok(strings.ToLower(t.text)) {
			break
		}
		// A dash on a new line begins an item of a list.
		if t.feeds > 0 && t.kind == sign {
			break
		}
		i = t.end
	}
	return i
}

// offset reads Z, +0100, +01:00 or +01 directly at i.
func (d *dater) offset(i int) (*time.Location, int) {
	s := d.s
	if i >= len(s) {
		return nil, i
	}
	switch s[i] {
	case 'Z', 'z':
		if i+1 < len(s) && wordGoesOn(s[i+1:]) {
			return nil, i
		}
		return time.UTC, i + 1
	case '+', '-':
	default:
		return nil, i
	}
	j := i + 1
	for j < len(s) && isDigit(s[j]) {
		j++
	}
	h, m := 0, 0
	switch j - i - 1 {
	case 4:
		h, m = atoi(s[i+1:i+3]), atoi(s[i+3:j])
	case 2:
		h = atoi(s[i+1 : j])
		if j+2 < len(s) && s[j] == ':' && isDigit(s[j+1]) && isDigit(s[j+2]) {
			m, j = atoi(s[j+1:j+3]), j+3
		}
	default:
		return nil, i
	}
	if h > 14 || m > 59 || j < len(s) && (isDigit(s[j]) || isLetter(s[j]) && wordGoesOn(s[j:])) {
		return nil, i
	}
	return fixed(s[i] == '-', h, m), j
}

func fixed(west bool, h, m int) *time.Location {
	sec := h*3600 + m*60
	if west {
		sec = -sec
	}
	if sec == 0 {
		return time.UTC
	}
	return time.FixedZone("", sec)
}

// zone reads the zone that follows a clock time: "Brussels time", "(CET/CEST)", "svensk tid", "UTC+2". It
// gives nil and i when there is none. CET and CEST both mean Brussels' clock on that day: texts write CET
// all year round.
func (d *dater) zone(i int) (*time.Location, int) {
	t := d.tok(i)
	if t.text == "," && d.tok(t.end).kind == word {
		t = d.tok(t.end)
	}
	open := t.text == "("
	if open {
		t = d.tok(t.end)
	}
	var z *time.Location
	end := i
	zones := 0
	for range 8 {
		if t.kind != word && t.text != "/" || t.feeds > 1 || len(t.text) > 16 {
			break
		}
		switch w := strings.ToLower(t.text); w {
		case "brussels", "bryssel", "cet", "cest", "met", "mest", "mez", "mesz", "brysseltid", "stockholm", "paris", "berlin",
			"swedish", "svensk", "svenska":
			z = cmpZone(z, call.Brussels())
			zones++
		case "central", "european", "summer", "standard", "europeisk", "centraleuropeisk", "sommartid", "normaltid":
			if w == "central" || w == "centraleuropeisk" {
				z = cmpZone(z, call.Brussels())
				zones++
			}
		case "utc", "gmt", "aoe":
			z = cmpZone(z, time.UTC)
			zones++
			if w == "aoe" {
				z = fixed(true, 12, 0)
			}
			if zo, e, ok := d.shift(t.end); ok {
				z, t.end = zo, e
			}
		case "helsinki", "finnish", "finsk", "eet", "eest", "athens":
			z = cmpZone(z, east())
			zones++
		case "lisbon", "wet", "west":
			z = cmpZone(z, lisbon())
			zones++
		case "london", "bst", "uk", "british":
			z = cmpZone(z, london())
			zones++
		case "local", "lokal", "time", "tid", "midnight", "midnatt", "/", "or", "and":
		default:
			t.kind = none
		}
		if t.kind == none {
			break
		}
		switch strings.ToLower(t.text) {
		case "/", "or", "and", "midnight", "midnatt": // part of a zone only if one follows
		default:
			end = t.end
		}
		if p := d.tok(t.end); p.text == "(" && !open && zones > 0 { // Central European Time (CET)
			if _, e := d.zone(p.start); e > p.start {
				return z, e
			}
		}
		t = d.tok(t.end)
	}
	if z == nil {
		if strings.HasSuffix(strings.ToLower(strings.TrimSpace(d.s[i:end])), "local time") ||
			strings.HasSuffix(strings.ToLower(strings.TrimSpace(d.s[i:end])), "lokal tid") {
			z = d.o.zone()
		} else {
			return nil, i
		}
	}
	if open {
		if c := d.tok(end); c.text == ")" {
			end = c.end
		}
	}
	return z, end
}

// shift reads the hours after UTC or GMT: +2, +02:00, -1.
func (d *dater) shift(i int) (*time.Location, int, bool) {
	if i >= len(d.s) || d.s[i] != '+' && d.s[i] != '-' {
		return nil, 0, false
	}
	if z, e := d.offset(i); z != nil {
		return z, e, true
	}
	t := d.tok(i + 1)
	if t.gap || t.kind != number || len(t.text) > 2 || atoi(t.text) > 14 {
		return nil, 0, false
	}
	return fixed(d.s[i] == '-', atoi(t.text), 0), t.end, true
}

// cmpZone keeps the first zone that was named.
func cmpZone(a, b *time.Location) *time.Location {
	if a != nil {
		return a
	}
	return b
}

var (
	east   = sync.OnceValue(func() *time.Location { return load("Europe/Helsinki") })
	lisbon = sync.OnceValue(func() *time.Location { return load("Europe/Lisbon") })
	london = sync.OnceValue(func() *time.Location { return load("Europe/London") })
)

func load(name string) *time.Location {
	loc, err := time.LoadLocation(name)
	if err != nil { // unreachable: package call links time/tzdata in
		return time.UTC
	}
	return loc
}
