package text

import (
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"utkik/internal/call"
)

// Options say how to read what a date leaves out.
type Options struct {
	// Zone is where a clock time without a zone of its own is local to; nil means Brussels.
	Zone *time.Location
	// Clock, such as "17:00", is the time of day of a date that states none; empty leaves it a day.
	Clock string
	// Near gives a missing year: the first such date on or after Near less 60 days. Zero means that a
	// date without a year is none.
	Near time.Time
}

func (o Options) zone() *time.Location {
	if o.Zone != nil {
		return o.Zone
	}
	return call.Brussels()
}

// lookBack is how long before Options.Near a date without a year may lie: pages keep their last round for
// some weeks, and are seldom a year ahead.
const lookBack = 60 * 24 * time.Hour

// Found is one date in a text.
type Found struct {
	Moment     call.Moment
	Start, End int // from the first figure or month to the last word of its clock time and zone
}

// ParseDate reads a field or phrase that holds one date; of several the first counts. Swedish and English,
// figures, ISO 8601 and RFC 3339 are read; see [Dates].
//
// Midnight written by a machine (T00:00:00) states no clock time: portals write days so. "Midnight" in words
// is the end of the day it is said of, and given as 23:59, so that the day stays the one that was written.
func ParseDate(s string, o Options) (call.Moment, bool) {
	if m, ok := compact(strings.TrimSpace(s), o); ok {
		return m, true
	}
	d := dater{s: s, o: o, one: true}
	d.run()
	if len(d.found) == 0 {
		return call.Moment{}, false
	}
	return d.found[0].Moment, true
}

// compact reads the forms that only a field can hold: 20260922 and 20260922T150000Z (iCalendar).
func compact(s string, o Options) (call.Moment, bool) {
	if len(s) < 8 || strings.Trim(s[:8], "0123456789") != "" {
		return call.Moment{}, false
	}
	t, err := time.Parse("20060102", s[:8])
	if err != nil || !yearOK(t.Year()) {
		return call.Moment{}, false
	}
	w := when{y: t.Year(), m: int(t.Month()), d: t.Day()}
	switch len(s) {
	case 8:
	case 15, 16:
		c, err := time.Parse("T150405", s[8:15])
		if err != nil || len(s) == 16 && s[15] != 'Z' {
			return call.Moment{}, false
		}
		w.clock, w.hour, w.min = true, c.Hour(), c.Minute()
		if len(s) == 16 {
			w.zone = time.UTC
		}
	default:
		return call.Moment{}, false
	}
	return w.moment(o), true
}

// Dates finds every date in s, in order. A range ("7–10 oktober 2026", "from 1 March to 4 June") is one
// date, its last day. A clock time and zone that stand with the date belong to it. What merely looks like a
// date, such as a version, a period of years or a document's number, is left alone.
func Dates(s string, o Options) []Found {
	d := dater{s: s, o: o}
	d.run()
	return d.found
}

// dater walks through a text. It reads figures and words where a date may begin, with a bounded look ahead.
type dater struct {
	s     string
	o     Options
	one   bool // stop at the first
	found []Found
}

func (d *dater) run() {
	for i := 0; i < len(d.s); {
		c := d.s[i]
		end := i + 1
		try := false
		switch {
		case isDigit(c):
			for end < len(d.s) && isDigit(d.s[end]) {
				end++
			}
			try = end-i <= 4 && d.fresh(i)
		case isLetter(c):
			if end = letters(d.s, i); end == i {
				_, n := utf8.DecodeRuneInString(d.s[i:])
				end += n
				break
			}
			try = (month(d.s[i:end]) != 0 || clockWord(d.s[i:end])) && d.fresh(i)
		}
		if try {
			if f, ok := d.at(i); ok {
				d.found = append(d.found, f)
				if d.one {
					return
				}
				end = max(end, f.End)
			}
		}
		i = end
	}
}

// fresh tells whether a date may begin at i: not inside a word, a number or an identifier.
func (d *dater) fresh(i int) bool {
	if i == 0 {
		return true
	}
	switch c := d.s[i-1]; {
	case c == 'n' && d.den(i): // "den13 februari" is a slip that ministries make
		return true
	case isLetter(c), isDigit(c), c == '_':
		// Beyond ASCII there are quotes, dashes and spaces besides letters.
		return c >= 0x80 && !wordBefore(d.s[:i])
	case c == '-', c == '/', c == '.', c == ':', c == ',', c == '\'', c == '+', c == '#':
		if i >= 2 && (isDigit(d.s[i-2]) || (c == '-' || c == '/') && isLetter(d.s[i-2])) {
			return false
		}
		return c != '+' && c != '#'
	}
	return true
}

// den tells whether the word "den" ends at i.
func (d *dater) den(i int) bool {
	return i >= 3 && d.s[i-3:i] == "den" && (i == 3 || !isLetter(d.s[i-4]) && !isDigit(d.s[i-4]))
}

// when is a date as it was written.
type when struct {
	y, m, d   int // y 0: not stated
	clock     bool
	hour, min int
	zone      *time.Location // nil: not stated
}

// moment gives w as a Moment; its year is known.
func (w when) moment(o Options) call.Moment {
	if !w.clock {
		t, err := time.Parse("15:04", o.Clock)
		if err != nil {
			return call.Day(w.y, time.Month(w.m), w.d)
		}
		w.hour, w.min = t.Hour(), t.Minute()
	}
	zone := w.zone
	if zone == nil {
		zone = o.zone()
	}
	t := time.Date(w.y, time.Month(w.m), w.d, w.hour, w.min, 0, 0, zone)
	// Readers live where the source does: UTC, and an offset that is the zone's own, become its clock.
	local := t.In(o.zone())
	if _, a := t.Zone(); a == 0 || offset(local) == a {
		t = local
	}
	return call.At(t)
}

func offset(t time.Time) int {
	_, n := t.Zone()
	return n
}

// withYear gives w a year if it has none.
func (w when) withYear(near time.Time) (when, bool) {
	if w.y != 0 {
		return w, true
	}
	if near.IsZero() {
		return w, false
	}
	from := near.Add(-lookBack)
	first := time.Date(from.Year(), from.Month(), from.Day(), 0, 0, 0, 0, time.UTC)
	for y := first.Year(); y <= first.Year()+8; y++ { // eight: from one leap year to the next but one
		if valid(y, w.m, w.d) && !time.Date(y, time.Month(w.m), w.d, 0, 0, 0, 0, time.UTC).Before(first) {
			w.y = y
			return w, true
		}
	}
	return w, false
}

func (w when) before(o when) bool { return w.m < o.m || w.m == o.m && w.d < o.d }

// at reads the date, range, or clock time with its date, that begins at i.
func (d *dater) at(i int) (Found, bool) {
	if w, end, ok := d.dated(i); ok {
		return d.finish(w, i, end)
	}
	// The clock comes first: "kl. 15.00 den 5 mars 2026", "17:00 (CET) on 4 May 2026".
	h, m, end, ok := d.clock(i, false)
	if !ok {
		return Found{}, false
	}
	zone, zend := d.zone(end)
	w, end, ok := d.dated(d.skip(zend, beforeDate))
	if !ok {
		return Found{}, false
	}
	if !w.clock {
		w.clock, w.hour, w.min = true, h, m
	}
	if w.zone == nil {
		w.zone = zone
	}
	return d.finish(w, i, end)
}

func (d *dater) finish(w when, start, end int) (Found, bool) {
	w, ok := w.withYear(d.o.Near)
	if !ok {
		return Found{}, false
	}
	return Found{w.moment(d.o), start, end}, true
}

// dated reads a date at i with the clock time after it; of a range, the last.
func (d *dater) dated(i int) (when, int, bool) {
	// "7–" of "7–10 oktober 2026", "22.9.–" of "22.9.–24.9.2026": the first day is not a date by itself.
	if j, ok := d.rangeHead(i); ok {
		if w, end, ok := d.day(j); ok {
			w, end = d.withClock(w, end)
			return w, end, true
		}
	}
	w, end, ok := d.day(i)
	if !ok {
		return when{}, 0, false
	}
	w, end = d.withClock(w, end)
	if j, ok := d.rangeSign(end); ok {
		if last, lend, ok := d.day(j); ok {
			if last.y == 0 && w.y != 0 {
				last.y = w.y
				if last.before(w) {
					last.y++
				}
			}
			if last.y == 0 || valid(last.y, last.m, last.d) {
				last, lend = d.withClock(last, lend)
				return last, lend, true
			}
		}
	}
	// "15 januari, 15 mars och 15 maj 2026": the year at the end is the year of all.
	for j, n := end, 0; w.y == 0 && n < 6; n++ {
		j = d.skip(j, listWords)
		next, nend, ok := d.day(j)
		if !ok {
			break
		}
		if valid(next.y, w.m, w.d) {
			w.y = next.y
		}
		j = nend
	}
	return w, end, true
}

// rangeHead reads the first day of a range that leaves the rest of its date to the last day, and the sign
// after it.
func (d *dater) rangeHead(i int) (int, bool) {
	t := d.tok(i)
	if n, ok := t.day(); !ok || n == 0 {
		return 0, false
	}
	end := t.end
	for range 2 {
		sep := d.tok(end)
		if sep.gap || sep.text != "." && sep.text != "/" {
			break
		}
		end = sep.end
		if m := d.tok(end); !m.gap && m.kind == number && len(m.text) <= 2 {
			end = m.end
		}
	}
	return d.rangeSign(end)
}

// rangeSign reads what stands between the days of a range.
func (d *dater) rangeSign(i int) (int, bool) {
	t := d.tok(i)
	if t.feeds > 0 {
		return 0, false
	}
	switch strings.ToLower(t.text) {
	case "-", "–", "—", "−", "to", "till", "until", "through", "til":
		i = t.end
	case "tom":
		i = t.end
	case "/": // 2026-09-22/2026-09-24, as ISO 8601 writes it
		if y := d.tok(t.end); t.gap || y.gap || len(y.text) != 4 {
			return 0, false
		}
		i = t.end
	case "t": // t.o.m.
		for _, want := range []string{"t", ".", "o", ".", "m"} {
			if t = d.tok(i); strings.ToLower(t.text) != want {
				return 0, false
			}
			i = t.end
		}
		if t = d.tok(i); t.text == "." {
			i = t.end
		}
	default:
		return 0, false
	}
	return d.skip(i, beforeDate), true
}

// day reads one day, without clock time.
func (d *dater) day(i int) (when, int, bool) {
	t := d.tok(i)
	switch {
	case t.kind == number && len(t.text) == 4:
		return d.yearFirst(t)
	case t.kind == number && len(t.text) <= 2:
		if w, end, ok := d.figures(t); ok {
			return w, end, true
		}
		return d.dayMonth(t)
	case t.kind == word && month(t.text) != 0:
		return d.monthDay(t)
	}
	return when{}, 0, false
}

// yearFirst reads 2026-09-22, 2026/09/22 and 2026.09.22, with the time that ISO 8601 hangs on it.
func (d *dater) yearFirst(t token) (when, int, bool) {
	var w when
	w.y = atoi(t.text)
	sep := d.tok(t.end)
	if sep.gap || !dateSign(sep.text) {
		return when{}, 0, false
	}
	m := d.tok(sep.end)
	sep2 := d.tok(m.end)
	day := d.tok(sep2.end)
	if m.gap || sep2.gap || day.gap || !sameSign(sep.text, sep2.text) ||
		m.kind != number || len(m.text) > 2 || day.kind != number || len(day.text) > 2 {
		return when{}, 0, false
	}
	w.m, w.d = atoi(m.text), atoi(day.text)
	end := day.end
	if !valid(w.y, w.m, w.d) {
		return when{}, 0, false
	}
	if w2, end2, ok := d.machine(w, end); ok {
		return w2, end2, true
	}
	return w, end, d.ends(end, true)
}

// machine reads the time of ISO 8601 and of relatives of it: T17:00, T00:00:00.000+0100, " 15:00:00+02:00".
func (d *dater) machine(w when, i int) (when, int, bool) {
	if i+6 > len(d.s) || d.s[i] != 'T' && d.s[i] != 't' {
		return when{}, 0, false
	}
	h, m, end, ok := d.hourMinute(i+1, ":")
	if !ok {
		return when{}, 0, false
	}
	w.zone, end = d.offset(end)
	if h == 24 {
		h, m = 23, 59
	}
	w.clock, w.hour, w.min = true, h, m
	// Midnight on the writer's own clock is how machines write a day. In UTC it may be another's midnight
	// (22:00Z is Brussels' midnight in summer), but 00:00Z and +0000 are written for plain days.
	if h == 0 && m == 0 {
		w.clock, w.zone = false, nil
	}
	return w, end, d.ends(end, false)
}

// figures reads 22/09/2026, 22.9.2026, 22-09-2026, 22. 9. 2026 and 4/3 2027. Day before month, unless only
// the other order is a date.
func (d *dater) figures(t token) (when, int, bool) {
	sep := d.tok(t.end)
	if sep.gap || !dateSign(sep.text) {
		return when{}, 0, false
	}
	m := d.tok(sep.end)
	if m.kind != number || len(m.text) > 2 || m.gap && sep.text != "." || m.feeds > 0 {
		return when{}, 0, false
	}
	sep2 := d.tok(m.end)
	y := sep2
	switch {
	case sep2.gap && sep.text == "/" && sep2.kind == number && sep2.feeds == 0: // 4/3 2027
	case !sep2.gap && sameSign(sep.text, sep2.text):
		y = d.tok(sep2.end)
		if y.gap && (sep.text != "." || y.feeds > 0) {
			return when{}, 0, false
		}
	default:
		return when{}, 0, false
	}
	if y.kind != number || len(y.text) != 4 {
		return when{}, 0, false
	}
	w := when{y: atoi(y.text), m: atoi(m.text), d: atoi(t.text)}
	if w.m > 12 && sep.text == "/" {
		w.m, w.d = w.d, w.m
	}
	return w, y.end, valid(w.y, w.m, w.d) && d.ends(y.end, true)
}

// dayMonth reads "4 mars 2027", "22nd of September, 2026", "1:a mars", "3. okt. 2026", "22-Sep-2026".
func (d *dater) dayMonth(t token) (when, int, bool) {
	n, ok := t.day()
	if !ok {
		return when{}, 0, false
	}
	x := d.tok(t.end)
	if !x.gap {
		switch x.text {
		case ".":
			x = d.tok(x.end)
		case "-", "/":
			return d.hyphened(n, x)
		case ":":
			if y := d.tok(x.end); !y.gap && (y.text == "a" || y.text == "e") {
				x = d.tok(y.end)
			}
		default:
			if ordinal(x.text) {
				x = d.tok(x.end)
			}
		}
	}
	if strings.EqualFold(x.text, "of") {
		x = d.tok(x.end)
	}
	m := 0
	if x.kind == word {
		m = month(x.text)
	}
	if m == 0 {
		return when{}, 0, false
	}
	w := when{m: m, d: n}
	y, end := d.year(d.dot(x))
	if y == 0 {
		end = x.end
		// "Annex 2 may be used", and compounds such as "20 maj-veckan".
		if x.text == "may" || !d.ends(end, true) {
			return when{}, 0, false
		}
	}
	w.y = y
	return w, end, valid(y, m, n)
}

// hyphened reads the rest of 22-Sep-2026, 22/Sep/2026 and 02-Jan-26.
func (d *dater) hyphened(n int, sep token) (when, int, bool) {
	m := d.tok(sep.end)
	sep2 := d.tok(m.end)
	y := d.tok(sep2.end)
	if m.gap || sep2.gap || y.gap || m.kind != word || month(m.text) == 0 || sep2.text != sep.text ||
		y.kind != number || len(y.text) != 4 && (len(y.text) != 2 || sep.text != "-") {
		return when{}, 0, false
	}
	w := when{y: atoi(y.text), m: month(m.text), d: n}
	if len(y.text) == 2 {
		w.y += 2000
	}
	return w, y.end, valid(w.y, w.m, w.d) && d.ends(y.end, true)
}

// monthDay reads "September 22, 2026", "Oct. 8th", and the last day of "October 7-10, 2026".
func (d *dater) monthDay(t token) (when, int, bool) {
	x := d.tok(d.dot(t))
	if x.feeds > 0 || !x.gap {
		return when{}, 0, false
	}
	n, ok := x.day()
	if !ok {
		return when{}, 0, false
	}
	end := d.pastOrdinal(x.end)
	if dash := d.tok(end); dash.text == "-" || dash.text == "–" {
		last := d.tok(dash.end)
		if k, ok := last.day(); ok && k > n {
			e := d.pastOrdinal(last.end)
			if after := d.tok(e); after.text != ":" && month(after.text) == 0 {
				n, end = k, e
			}
		}
	}
	w := when{m: month(t.text), d: n}
	if y, yend := d.year(end); y != 0 {
		w.y = y
		return w, yend, valid(y, w.m, n)
	}
	// Without a year only what looks like a date and nothing else: "by October 8." but not "In May 10
	// projects began", nor "March 15:e".
	if t.text[0] < 'A' || t.text[0] > 'Z' || !d.ends(end, true) {
		return when{}, 0, false
	}
	switch after := d.tok(end); {
	case after.kind == none:
	case after.kind == word && !clockWord(after.text) && !follows(after.text),
		after.kind == number && after.feeds == 0,
		after.kind == sign && strings.Contains("%€$£/", after.text):
		return when{}, 0, false
	}
	return w, end, valid(0, w.m, n)
}

// follows tells whether a date without a year may stand before this word.
func follows(s string) bool {
	switch strings.ToLower(s) {
	case "at", "by", "before", "until", "to", "and", "or", "in", "is", "for", "kl", "klockan", "on", "with", "the", "as",
		"till", "och", "är", "för", "next", "this", "from", "through", "noon", "midnight", "cet", "cest":
		return true
	}
	return false
}

// pastOrdinal skips the letters of "8th".
func (d *dater) pastOrdinal(i int) int {
	if t := d.tok(i); !t.gap && ordinal(t.text) {
		return t.end
	}
	return i
}

// dot is the end of t with the full stop of an abbreviation.
func (d *dater) dot(t token) int {
	if p := d.tok(t.end); !p.gap && p.text == "." && len(t.text) <= 5 {
		return p.end
	}
	return t.end
}

// year reads the year that may follow a day and month, with a comma or "år" before it.
func (d *dater) year(i int) (int, int) {
	t := d.tok(i)
	for range 2 {
		if t.text == "," || strings.EqualFold(t.text, "år") {
			t = d.tok(t.end)
		}
	}
	if t.kind != number || len(t.text) != 4 || t.gap && t.feeds > 1 || !yearOK(atoi(t.text)) || !d.ends(t.end, false) {
		return 0, i
	}
	return atoi(t.text), t.end
}

// ends tells whether a date may end at i, and is not the head of something longer: a version, an
// identifier, a word.
func (d *dater) ends(i int, hyphen bool) bool {
	if i >= len(d.s) {
		return true
	}
	next := byte(' ')
	if i+1 < len(d.s) {
		next = d.s[i+1]
	}
	switch c := d.s[i]; {
	case isDigit(c), c == '_':
		return false
	case isLetter(c):
		return c >= 0x80 && !wordGoesOn(d.s[i:])
	case c == '.' || c == ':' || c == ',':
		return !isDigit(next) || c == ','
	case c == '-' || c == '/':
		if !isDigit(next) && !isLetter(next) {
			return true
		}
		if !hyphen && c == '-' {
			return isDigit(next)
		}
		// A range without spaces: 2026-09-22-2026-09-24, 22/09/2026-24/09/2026.
		t := d.tok(i + 1)
		_, _, ok := d.day(i + 1)
		return ok && t.kind == number
	}
	return true
}

// withClock adds the clock time and zone that follow a date.
func (d *dater) withClock(w when, end int) (when, int) {
	if w.clock {
		if w.zone == nil {
			w.zone, end = d.zone(end)
		}
		return w, end
	}
	from := d.skip(end, beforeClock)
	h, m, e, ok := d.clock(from, d.said(end, from))
	if !ok {
		return w, end
	}
	w.clock, w.hour, w.min = true, h, m
	// 2026-09-22 00:00:00 is a machine's way to write a day, as T00:00:00 is.
	if h == 0 && m == 0 && strings.HasPrefix(d.s[d.tok(from).start:], "00:00:00") {
		w.clock = false
		_, e = d.offset(e)
		return w, e
	}
	if w.zone, end = d.offset(e); w.zone == nil {
		w.zone, end = d.zone(e)
	}
	if strings.Contains(d.s[min(from, len(d.s)):end], "(") == strings.Contains(d.s[min(from, len(d.s)):end], ")") &&
		end < len(d.s) && d.s[end] == ')' {
		end++ // opened before the clock: "(17:00 CET)"
	}
	return w, end
}

// said tells whether "kl" or "klockan" stands between from and to: then a bare figure is an hour.
func (d *dater) said(from, to int) bool {
	for from < to {
		t := d.tok(from)
		if t.kind == none {
			return false
		}
		if oClock(t.text) {
			return true
		}
		from = t.end
	}
	return false
}

// clock reads a time of day at i; of "10:00–12:00" the last. It may itself begin with "kl.". With kl, the
// figure alone is enough.
func (d *dater) clock(i int, kl bool) (h, m, end int, ok bool) {
	t := d.tok(i)
	if t.kind == word && oClock(t.text) {
		if t = d.tok(t.end); t.text == "." || t.text == ":" {
			t = d.tok(t.end)
		}
		kl = true
	}
	if t.kind == word && clockWord(t.text) && !oClock(t.text) {
		h, m = hourOf(t.text)
		return h, m, t.end, true
	}
	if t.kind != number || len(t.text) > 2 || t.feeds > 1 {
		return 0, 0, 0, false
	}
	h, m, end, ok = d.oneClock(t, kl)
	if !ok {
		return 0, 0, 0, false
	}
	if x := d.tok(end); (x.text == "-" || x.text == "–") && x.feeds == 0 {
		if t := d.tok(x.end); t.kind == number && t.feeds == 0 {
			if h2, m2, e, ok := d.oneClock(t, kl); ok {
				if y := d.tok(e); y.text != "-" && y.text != "." && y.text != "/" {
					return h2, m2, e, true
				}
			}
		}
	}
	return h, m, end, true
}

// oneClock reads 17:00, 17.00, 17:00:00, 17h30, 5pm, 2:30 p.m., 12 noon.
func (d *dater) oneClock(t token, kl bool) (h, m, end int, ok bool) {
	h, end = atoi(t.text), t.end
	exact := false
	if hh, mm, e, ok := d.hourMinute(t.start, ":."); ok {
		h, m, end, exact = hh, mm, e, true
	} else if x := d.tok(end); x.kind == word && !x.gap && strings.EqualFold(x.text, "h") {
		end, exact = x.end, true
		if y := d.tok(end); y.kind == number && !y.gap && len(y.text) == 2 && atoi(y.text) < 60 {
			m, end = atoi(y.text), y.end
		}
	}
	x := d.tok(end)
	switch strings.ToLower(x.text) {
	case "am", "pm":
		return d.half(h, m, x.end, strings.ToLower(x.text))
	case "a", "p":
		p, q := d.tok(x.end), token{}
		if p.text == "." && !p.gap {
			q = d.tok(p.end)
		}
		if strings.EqualFold(q.text, "m") {
			e := q.end
			if e < len(d.s) && d.s[e] == '.' {
				e++
			}
			return d.half(h, m, e, strings.ToLower(x.text)+"m")
		}
	case "noon", "midday":
		if h == 12 {
			return 12, m, x.end, true
		}
	case "midnight", "midnatt":
		if h == 12 || h == 0 || h == 24 {
			return 23, 59, x.end, true
		}
	}
	if !exact && !kl || h > 24 || h == 24 && m > 0 {
		return 0, 0, 0, false
	}
	if h == 24 {
		h, m = 23, 59
	}
	switch strings.ToLower(x.text) {
	case "h", "hrs", "hours", "uhr":
		return h, m, x.end, true
	}
	// "12.50 €", "kl 17 %" and "17.00x" are no clock times; neither is a number that goes on.
	switch {
	case x.kind == sign && strings.Contains("%€$£", x.text), x.kind == number && !x.gap:
		return 0, 0, 0, false
	case x.kind == word && !x.gap && x.text != "Z":
		if zone, _ := d.zone(end); zone == nil {
			return 0, 0, 0, false
		}
	}
	return h, m, end, true
}

func (d *dater) half(h, m, end int, half string) (int, int, int, bool) {
	if h < 1 || h > 12 {
		return 0, 0, 0, false
	}
	if h == 12 {
		h = 0
	}
	if half == "pm" {
		h += 12
	}
	return h, m, end, true
}

// hourMinute reads figures only: 17:00, 17:00:00.000, with one of the signs in seps.
func (d *dater) hourMinute(i int, seps string) (h, m, end int, ok bool) {
	s := d.s
	j := i
	for j < len(s) && isDigit(s[j]) && j-i < 3 {
		j++
	}
	if n := j - i; n < 1 || n > 2 || j+3 > len(s) || strings.IndexByte(seps, s[j]) < 0 ||
		!isDigit(s[j+1]) || !isDigit(s[j+2]) {
		return 0, 0, 0, false
	}
	h, m, end = atoi(s[i:j]), atoi(s[j+1:j+3]), j+3
	if h > 24 || m > 59 || end < len(s) && isDigit(s[end]) {
		return 0, 0, 0, false
	}
	sep := s[j]
	if end+2 < len(s) && s[end] == sep && isDigit(s[end+1]) && isDigit(s[end+2]) &&
		(end+3 == len(s) || !isDigit(s[end+3])) {
		if sep == '.' { // 17.00.00; but 12.10.2026 and 1.12.13 are no times
			if atoi(s[end+1:end+3]) > 59 {
				return 0, 0, 0, false
			}
		}
		end += 3
		if end+1 < len(s) && (s[end] == '.' || s[end] == ',') && isDigit(s[end+1]) && sep == ':' {
			end++
			for end < len(s) && isDigit(s[end]) {
				end++
			}
		}
	}
	if end+1 < len(s) && (s[end] == '.' || s[end] == ':') && isDigit(s[end+1]) {
		return 0, 0, 0, false
	}
	return h, m, end, true
}

// token is a figure, a word or a sign.
type token struct {
	kind       byte
	text       string
	start, end int
	gap        bool // white space before it
	feeds      int  // line feeds before it
}

const (
	none   = 0 // the end, or an empty line: no date goes over one
	number = 1
	word   = 2
	sign   = 3
)

// day gives a figure that can be the day of a month.
func (t token) day() (int, bool) {
	if t.kind != number || len(t.text) > 2 {
		return 0, false
	}
	n := atoi(t.text)
	return n, n >= 1 && n <= 31
}

// tok reads the token at or after i.
func (d *dater) tok(i int) token {
	s := d.s
	t := token{start: i, end: i}
	for i < len(s) {
		c := s[i]
		if c == '\n' {
			if t.feeds++; t.feeds > 1 {
				return token{start: i, end: i, gap: true, feeds: t.feeds}
			}
		}
		n := spaceAt(s, i)
		if n == 0 {
			break
		}
		i += n
		t.gap = true
	}
	t.start = i
	if i >= len(s) {
		t.end = len(s)
		return t
	}
	switch c := s[i]; {
	case isDigit(c):
		t.kind = number
		for i < len(s) && isDigit(s[i]) {
			i++
		}
	case dashAt(s, i) > 0:
		t.kind, t.end = sign, i+dashAt(s, i)
		t.text = s[t.start:t.end]
		if t.text == "\u2010" || t.text == "\u2011" {
			t.text = "-"
		}
		return t
	case isLetter(c) && letters(s, i) > i:
		t.kind = word
		i = letters(s, i)
	default:
		t.kind = sign
		_, n := utf8.DecodeRuneInString(s[i:])
		i += n
	}
	t.text, t.end = s[t.start:i], i
	return t
}

// letters is the end of the run of letters that begins at i.
func letters(s string, i int) int {
	for i < len(s) {
		if c := s[i]; c < utf8.RuneSelf {
			if !isLetter(c) {
				return i
			}
			i++
			continue
		}
		r, n := utf8.DecodeRuneInString(s[i:])
		if !unicode.IsLetter(r) && !unicode.IsMark(r) {
			return i
		}
		i += n
	}
	return i
}

// isLetter takes every byte beyond ASCII for a letter's; letters and wordGoesOn know better.
func isLetter(c byte) bool { return c|0x20 >= 'a' && c|0x20 <= 'z' || c >= 0x80 }

func isDigit(c byte) bool { return c >= '0' && c <= '9' }

// spaceAt is the length of the white space character at i, 0 if there is none.
func spaceAt(s string, i int) int {
	switch c := s[i]; {
	case c == ' ' || c >= '\t' && c <= '\r':
		return 1
	case c == 0xc2 && strings.HasPrefix(s[i:], "\u00a0"):
		return 2
	case c == 0xe2 && len(s)-i >= 3 && (s[i+1] == 0x80 && (s[i+2] <= 0x8b || s[i+2] == 0xaf || s[i+2] == 0xa8)):
		return 3 // U+2000 to U+200B, the narrow no-break space, the line separator
	}
	return 0
}

// dashAt is the length of the hyphen or dash at i, 0 if there is none.
func dashAt(s string, i int) int {
	switch c := s[i]; {
	case c == '-':
		return 1
	case c == 0xe2 && len(s)-i >= 3 && (s[i+1] == 0x80 && s[i+2] >= 0x90 && s[i+2] <= 0x95 || s[i+1] == 0x88 && s[i+2] == 0x92):
		return 3
	}
	return 0
}

// wordBefore tells whether s, which ends beyond ASCII, ends in a letter.
func wordBefore(s string) bool {
	for k := 1; k <= 4 && k <= len(s); k++ {
		if r := s[len(s)-k]; r >= 0xc0 {
			return wordGoesOn(s[len(s)-k:])
		}
	}
	return false
}

func dateSign(s string) bool { return s == "-" || s == "/" || s == "." }

func sameSign(a, b string) bool { return a == b }

func ordinal(s string) bool {
	switch strings.ToLower(s) {
	case "st", "nd", "rd", "th", "e", "a":
		return true
	}
	return false
}

func atoi(s string) int {
	n, _ := strconv.Atoi(s) // the callers give few figures and nothing else
	return n
}

func yearOK(y int) bool { return y >= 1900 && y < 2200 }

// valid tells whether there is such a day; year 0 stands for an unknown one.
func valid(y, m, d int) bool {
	if y == 0 {
		y = 2000 // a leap year
	}
	if !yearOK(y) || m < 1 || m > 12 || d < 1 {
		return false
	}
	return d <= time.Date(y, time.Month(m)+1, 0, 0, 0, 0, 0, time.UTC).Day()
}
