package link

import (
	"slices"
	"strings"
	"time"

	"utkik/internal/call"
)

// Strengths of what speaks for a link. Only their order means anything: it decides between two items of one source.
const (
	strengthOwn     = 1000 // both call themselves so
	strengthLabel   = 980
	strengthShared  = 950 // one address
	strengthLead    = 940
	strengthSlug    = 920
	strengthText    = 900
	strengthPointer = 880 // one points to the other's address
	strengthCOM     = 860
	strengthNamed   = 800 // one quotes the other's title
	strengthTitle   = 600 // and up to 150 more, by likeness
	strengthPart    = 500
)

// Likeness of titles, as it was tuned on the tuned half of testdata/pairs.jsonl.
const (
	likeTitle = 0.5  // on the same day, or while a notice may be one
	likeMany  = 0.4  // the same, where four words or more are shared
	likeFork  = 0.75 // on the same day, of titles that begin alike and go on otherwise
	likeSome  = 0.2  // beside a code or an address
	likeMuch  = 0.45 // beside a code or an address, where days disagree
	runTitle  = 3    // words in a row that make two titles of the same day one, whatever else they say
	runNotice = 4    // the same for a notice, which states no day
)

// Judge says how two calls stand to each other, if there is anything to say. It looks at nothing but the two.
func Judge(a, b *Facts) (Link, bool) {
	if a.Key.Source == b.Key.Source || !compatible(a.Kind, b.Kind) {
		return Link{}, false
	}
	if a.Key.Compare(b.Key) > 0 {
		a, b = b, a
	}
	best, found := Link{}, false
	offer := func(l Link, ok bool) {
		if ok && (!found || l.Strength > best.Strength) {
			best, found = l, true
		}
	}
	offer(byIdentifier(a, b))
	offer(turn(byIdentifier(b, a)))
	offer(byProposal(a, b))
	if found && best.Relation != Same {
		return best, true // what is a part of the other is not the other, however alike the two are
	}
	if !found && contradict(a, b) {
		return Link{}, false
	}
	offer(byAddress(a, b))
	offer(turn(byAddress(b, a)))
	offer(byTitle(a, b))
	return best, found
}

func turn(l Link, ok bool) (Link, bool) { return l.turned(), ok }

// compatible tells whether items of these kinds can be the same: a question is no money, and a notice may be of either.
func compatible(a, b call.Kind) bool {
	asks := func(k call.Kind) bool { return k == call.KindConsultation }
	return asks(a) == asks(b) || a == call.KindNews || b == call.KindNews
}

// topic is what an item says it is about: codes of one family, at the best place that has any.
type topic struct {
	codes []Code
	place int
}

// about gives what f is about. Codes that only lead to a longer one of the same list are left out: a page that names a
// topic also names its call.
func about(f *Facts, fam string) topic {
	var codes []Code
	if f.ID != "" && family(f.ID) == fam {
		codes = append(codes, Code{Code: f.ID, Place: placeOwn, Field: "identifier", Quote: f.ID})
	}
	for _, c := range f.Codes {
		if family(c.Code) == fam {
			codes = append(codes, c)
		}
	}
	for place := placeOwn; place >= placeText; place-- {
		var here []Code
		for _, c := range codes {
			if c.Place >= place {
				here = append(here, c)
			}
		}
		if len(here) == 0 {
			continue
		}
		// An address in small letters gives way to what is written as a code.
		if slices.ContainsFunc(here, func(c Code) bool { return !c.Slug }) {
			here = slices.DeleteFunc(here, func(c Code) bool { return c.Slug })
		} else if place == placeOwn && len(codes) > len(here) {
			continue
		}
		longest := slices.DeleteFunc(slices.Clone(here), func(c Code) bool {
			return slices.ContainsFunc(here, func(o Code) bool { return below(o.Code, c.Code) })
		})
		return topic{longest, place}
	}
	return topic{}
}

// own tells whether f bears that code itself, and where.
func own(f *Facts, code string) (Quote, bool) {
	if f.ID == code {
		return Quote{"identifier", f.ID}, true
	}
	for _, c := range f.Codes {
		if c.Code == code && c.Place == placeOwn && !c.Slug {
			return Quote{c.Field, c.Quote}, true
		}
	}
	return Quote{}, false
}

// byIdentifier asks whether what b is about is a, or a's whole call.
func byIdentifier(a, b *Facts) (Link, bool) {
	for _, fam := range []string{"call", "ares", "dnr"} {
		t := about(b, fam)
		if len(t.codes) == 0 {
			continue
		}
		if fam == "call" && f0(a) && len(t.codes) > 1 {
			if l, ok := severally(a, b, t); ok {
				return l, true
			}
			continue
		}
		if len(t.codes) > 1 {
			continue
		}
		c := t.codes[0]
		said := Quote{c.Field, c.Quote}
		if q, ok := own(a, c.Code); ok {
			day, ok := confirmed(a, b, t.place, c.Slug, fam)
			if !ok {
				continue
			}
			strength := map[int]int{placeOwn: strengthOwn, placeLabel: strengthLabel, placeLead: strengthLead, placeText: strengthText}[t.place]
			if c.Slug {
				strength = strengthSlug
			}
			return Link{a.Key, b.Key, Same, strength, Reason{ByIdentifier, q, said, day}}, true
		}
		if fam != "call" || a.ID == "" {
			continue
		}
		if (c.Code == a.Call || below(a.ID, c.Code)) && t.place >= placeLead && !late(a, b) {
			q := Quote{"identifier", a.ID}
			if c.Code == a.Call {
				q = Quote{"call", a.Call}
			}
			return Link{a.Key, b.Key, Part, strengthPart, Reason{ByIdentifier, q, said, ""}}, true
		}
	}
	return Link{}, false
}

// f0 tells whether a bears a code of a call.
func f0(a *Facts) bool { return a.ID != "" && family(a.ID) == "call" }

// severally asks whether b is the page of a call that names a among its topics.
func severally(a, b *Facts, t topic) (Link, bool) {
	for _, c := range t.codes {
		if c.Code != a.ID && c.Code != a.Call && !below(a.ID, c.Code) {
			continue
		}
		for _, o := range t.codes {
			if o.Code != c.Code && !siblings(o.Code, c.Code) {
				return Link{}, false // a round-up of many calls is the page of none
			}
		}
		return Link{a.Key, b.Key, Part, strengthPart - 20, Reason{ByIdentifier, Quote{"identifier", a.ID}, Quote{c.Field, c.Quote}, ""}}, true
	}
	return Link{}, false
}

// siblings tells whether two codes are of one call: they begin alike for three parts.
func siblings(a, b string) bool {
	x, y := strings.Split(a, "-"), strings.Split(b, "-")
	return len(x) >= 3 && len(y) >= 3 && slices.Equal(x[:3], y[:3])
}

// confirmed tells whether a code or an address at such a place makes b the same as a, and gives the day that both state.
// What a page calls itself by is believed alone; the mention of a code is not: a grant for writing an application names
// the call that the application is for, and has another last day and another title.
func confirmed(a, b *Facts, place int, slug bool, fam string) (string, bool) {
	if late(a, b) || late(b, a) {
		return "", false
	}
	day := sharedDay(a, b)
	if day != "" {
		return day, true
	}
	if a.Kind == call.KindConsultation && b.Kind == call.KindConsultation && fam != "ares" && len(a.Days) > 0 && len(b.Days) > 0 {
		return "", false // one initiative asks several times
	}
	like := alike(a.Name, b.Name)
	named := quotes(b, a) || quotes(a, b)
	disagree := len(a.Days) > 0 && len(b.Days) > 0
	if fam == "dnr" { // authorities number alike
		return "", like.score >= likeMuch || named
	}
	switch {
	case place >= placeLabel && !slug:
		return "", true
	case slug, place == placeLead:
		return "", !disagree || like.score >= likeMuch || like.run >= 3 || named
	}
	if disagree {
		return "", like.score >= likeMuch || named
	}
	return "", like.score >= likeSome || like.run >= 2 || named
}

// late tells whether b is a notice from after a's last day: then it is of what came of the call, or of the next one.
// A memo on a proposal may come some weeks after one was to answer on it.
func late(a, b *Facts) bool {
	if b.Kind != call.KindNews || b.Opens == "" || len(a.Days) == 0 {
		return false
	}
	last, err := time.Parse(time.DateOnly, slices.Max(a.Days))
	if err != nil {
		return false
	}
	if a.Kind == call.KindConsultation {
		last = last.AddDate(0, 0, graceDays)
	}
	return b.Opens > last.Format(time.DateOnly)
}

const graceDays = 45

// noticeMonths is how long before its subject opens, or may be answered, a notice comes.
const noticeMonths = 6

func sharedDay(a, b *Facts) string {
	for _, d := range a.Days {
		if slices.Contains(b.Days, d) {
			return d
		}
	}
	return ""
}

// quotes tells whether b's text gives a's title as a name.
func quotes(b, a *Facts) bool { _, ok := quoted(b, a); return ok }

func quoted(b, a *Facts) (string, bool) {
	if !telling(len(a.Name.Words), letters(a.Name.Words)) {
		return "", false
	}
	for _, other := range b.Other {
		n := name(other)
		if slices.Equal(n.Words, a.Name.Words) && !apart(n, a.Name) {
			return other, true
		}
	}
	return "", false
}

// byProposal asks whether both are about one proposal of the Commission, and not both ask about it.
func byProposal(a, b *Facts) (Link, bool) {
	if a.Kind == call.KindConsultation && b.Kind == call.KindConsultation {
		return Link{}, false
	}
	x, y := about(a, "com"), about(b, "com")
	if x.place < placeLead || y.place < placeLead {
		return Link{}, false
	}
	for _, c := range x.codes {
		for _, o := range y.codes {
			if c.Code != o.Code {
				continue
			}
			l := Link{a.Key, b.Key, Same, strengthCOM, Reason{ByIdentifier, Quote{c.Field, c.Quote}, Quote{o.Field, o.Quote}, ""}}
			switch { // a package of proposals is more than each of them
			case len(x.codes) == 1 && len(y.codes) > 1:
				l.Relation, l.Strength = Part, strengthPart
			case len(x.codes) > 1 && len(y.codes) == 1:
				l.Relation, l.Strength = Whole, strengthPart
			case len(x.codes) != len(y.codes):
				return Link{}, false
			}
			return l, true
		}
	}
	return Link{}, false
}

// contradict tells whether both are about something, and not about the same.
func contradict(a, b *Facts) bool {
	for _, fam := range []string{"call", "ares", "com", "sou"} {
		x, y := about(a, fam), about(b, fam)
		if fam == "sou" && len(x.codes)+len(y.codes) > 0 && (x.place == placeOwn || y.place == placeOwn) && (len(x.codes) == 0 || len(y.codes) == 0) {
			return true // an inquiry of the state's own is not what its title takes up
		}
		if len(x.codes) == 0 || len(y.codes) == 0 || fam != "call" && (x.place < placeLead || y.place < placeLead) {
			continue
		}
		if fam == "call" && min(x.place, y.place) < placeLead && max(x.place, y.place) < placeOwn {
			continue
		}
		if fam == "com" {
			if len(x.codes) > 1 || len(y.codes) > 1 {
				return true
			}
			// What stands in the first words may be a paper that goes with the proposal.
			if like := alike(a.Name, b.Name); (x.place < placeOwn || y.place < placeOwn) && like.score == 1 && like.telling {
				continue
			}
		}
		meet := slices.ContainsFunc(x.codes, func(c Code) bool {
			return slices.ContainsFunc(y.codes, func(o Code) bool { return c.Code == o.Code || c.Slug || o.Slug })
		})
		if !meet {
			return true
		}
	}
	return false
}

// byAddress asks whether b stands under a's address, or points to it and to none beside it.
func byAddress(a, b *Facts) (Link, bool) {
	if a.URL == "" {
		return Link{}, false
	}
	if a.URL == b.URL {
		day, ok := confirmed(a, b, placeOwn, false, "")
		return Link{a.Key, b.Key, Same, strengthShared, Reason{ByAddress, Quote{"url", a.URL}, Quote{"url", b.URL}, day}}, ok
	}
	if !slices.Contains(b.Links, a.URL) {
		return Link{}, false
	}
	beside := 0
	for _, l := range b.Links {
		if shelf(l) == shelf(a.URL) {
			beside++
		}
	}
	reason := Reason{ByAddress, Quote{"url", a.URL}, Quote{"text", a.URL}, ""}
	if beside > 1 {
		if b.Kind != call.KindCall || shelf(a.URL) == shelf(b.URL) {
			return Link{}, false
		}
		return Link{a.Key, b.Key, Part, strengthPart - 40, reason}, true
	}
	place := placeText
	if len(b.Links) <= fewLinks {
		place = placeLead // a short notice points to what it is about
	}
	day, ok := confirmed(a, b, place, false, "")
	reason.Day = day
	return Link{a.Key, b.Key, Same, strengthPointer, reason}, ok
}

// byTitle asks whether both say the same of themselves at the same time.
func byTitle(a, b *Facts) (Link, bool) {
	if apart(a.Name, b.Name) || late(a, b) || late(b, a) {
		return Link{}, false
	}
	day := sharedDay(a, b)
	when := day != "" || announced(a, b) || announced(b, a) ||
		a.Opens != "" && a.Opens == b.Opens && len(a.Days)*len(b.Days) == 0
	if !when {
		return Link{}, false
	}
	reason := Reason{ByTitle, Quote{"title", a.Title}, Quote{"title", b.Title}, day}
	if text, ok := quoted(b, a); ok {
		reason.B = Quote{"text", text}
		return Link{a.Key, b.Key, Same, strengthNamed, reason}, true
	}
	if text, ok := quoted(a, b); ok {
		reason.A = Quote{"text", text}
		return Link{a.Key, b.Key, Same, strengthNamed, reason}, true
	}
	like := alike(a.Name, b.Name)
	if day != "" && like.fork && like.score < likeFork {
		return Link{}, false
	}
	enough := like.telling && (like.score >= likeTitle || like.score >= likeMany && like.shared >= 4) || day != "" && like.run >= runTitle || like.run >= runNotice
	return Link{a.Key, b.Key, Same, strengthTitle + int(150*like.score), reason}, enough
}

// fewLinks is how many addresses a notice names that is about one thing.
const fewLinks = 3

// announced tells whether n is a notice without a last day of its own that came while c could be applied for, or
// shortly before.
func announced(c, n *Facts) bool {
	if n.Kind != call.KindNews || len(n.Days) > 0 || n.Opens == "" || c.Kind == call.KindNews {
		return false
	}
	first := c.Opens
	if first == "" {
		if len(c.Days) == 0 {
			return false
		}
		first = c.Days[0]
	}
	from, err := time.Parse(time.DateOnly, first)
	if err != nil {
		return false
	}
	return n.Opens >= from.AddDate(0, -noticeMonths, 0).Format(time.DateOnly) &&
		(len(c.Days) > 0 || n.Opens <= from.AddDate(0, noticeMonths, 0).Format(time.DateOnly))
}
