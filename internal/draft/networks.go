package draft

import (
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

var (
	introduced = regexp.MustCompile(`([\p{L}-]+(?: [\p{L}-]+){0,7}) \((\p{Lu}{2,6})\)`)
	ofNetwork  = regexp.MustCompile(`((?:\p{Lu}{2,6} )+)[Nn]ätverk`)
	quotedName = regexp.MustCompile(`[Nn]ätverket? ["”“»«']([^"”“»«'\n]{3,60})["”“»«']`)
	proper     = regexp.MustCompile(`\p{Lu}[\p{L}-]+(?: \p{Lu}[\p{L}-]+)+`)
)

// networkWords tell that a proper name of several words is a body and no place or person.
var networkWords = []string{
	"nätverk", "network", "forum", "institut", "kommitté", "råd", "council", "förbund", "partnerskap", "partnership", "team", "allians",
	"alliance", "samverkan", "korridor", "assembly", "plattform", "platform",
}

// noNetwork are abbreviations that are none.
var noNetwork = []string{"EU", "AB", "IT", "HR", "TEN", "CEF", "FN", "SME", "SMF", "USA", "OECD"}

// generic tells that words of a last column mean people or bodies at large.
var generic = []string{"nivå", "alla", "samtliga", "organisation", "medborgar", "medarbetar", "förtroendevald", "plattform", "föreningar", "skolor", "medier", "övriga", "aktörer", "företag"}

// networks finds the bodies that the plan names, in the order of the text, and gives each row its own.
func (p *parser) networks(text string) {
	o := p.o
	var joined strings.Builder // prose flows on over lines, cells do not
	for _, l := range strings.Split(text, "\n") {
		if strings.TrimSpace(l) == "" || strings.Contains(l, "\t") {
			l = "¦ " + strings.ReplaceAll(l, "\t", " ¦ ") + " ¦"
		}
		joined.WriteString(l + " ")
	}
	flat := strings.Join(strings.Fields(joined.String()), " ")
	type found struct {
		at int
		Network
	}
	var all []found
	known := func(id string) bool {
		return slices.ContainsFunc(all, func(f found) bool { return strings.EqualFold(f.ID, id) || strings.EqualFold(f.Name, id) })
	}
	add := func(id, name, doubt string) {
		id = strings.TrimSpace(id)
		if id == "" || known(id) {
			return
		}
		all = append(all, found{strings.Index(flat, id), Network{id, name, doubt}})
	}
	for _, m := range introduced.FindAllStringSubmatch(flat, -1) {
		if name := spelt(m[1], m[2]); name != "" {
			add(m[2], name, "")
		}
	}
	for _, m := range ofNetwork.FindAllStringSubmatch(flat, -1) {
		if id := strings.TrimSpace(m[1]); !slices.Contains(noNetwork, id) {
			add(id, id, "skriv ut namnet")
		}
	}
	for _, m := range quotedName.FindAllStringSubmatch(flat, -1) {
		add(m[1], m[1], "")
	}
	for _, c := range p.cells {
		items := strings.FieldsFunc(c.text, func(r rune) bool { return r == ',' || r == ';' || r == '/' })
		for k, item := range items {
			abbreviated := false
			for _, w := range strings.FieldsFunc(item, func(r rune) bool { return !unicode.IsLetter(r) }) {
				if n := utf8.RuneCountInString(w); n >= 2 && n <= 6 && strings.ToUpper(w) == w && !slices.Contains(noNetwork, w) {
					add(w, w, "skriv ut namnet; planen säger bara förkortningen")
					abbreviated = true
				}
			}
			item = strings.TrimSpace(item)
			beside := k > 0 && strings.ToUpper(strings.TrimSpace(items[0])) == strings.TrimSpace(items[0])
			if beside && !abbreviated && capital(item) && len(strings.Fields(item)) <= 3 && !at(item, generic) {
				add(item, item, "är det ett nätverk? ordet står bland nätverken")
			}
		}
	}
	for _, name := range proper.FindAllString(flat, -1) {
		inside := slices.ContainsFunc(all, func(f found) bool { return strings.Contains(f.Name, name) })
		if at(name, networkWords) && !inside && !strings.HasPrefix(name, "Region ") {
			add(name, name, "är det ett nätverk? ordet är ett egennamn i texten")
		}
	}
	slices.SortStableFunc(all, func(a, b found) int { return a.at - b.at })
	for _, f := range all {
		o.Networks = append(o.Networks, f.Network)
	}
	o.names = map[string]bool{}
	for _, s := range append(names(o), o.Authority) {
		for _, w := range strings.Fields(s) {
			if capital(w) {
				o.names[strings.ToLower(w)] = true
				o.names[strings.ToLower(w)+"s"] = true
			}
		}
	}
	for _, c := range p.cells {
		row := &o.Tables[c.table].Rows[c.row]
		row.Networks, row.With = o.taken(c.text)
		if c.text == "" {
			row.Networks, _ = o.taken(row.Heading)
		}
	}
}

func names(o *Outline) []string {
	var out []string
	for _, n := range o.Networks {
		out = append(out, n.ID)
	}
	return out
}

func at(s string, words []string) bool {
	low := strings.ToLower(s)
	return slices.ContainsFunc(words, func(w string) bool { return strings.Contains(low, w) })
}

// spelt gives the end of words that an abbreviation stands for: the longest whose first letter fits.
func spelt(words, abbreviation string) string {
	ws := strings.Fields(words)
	first, _ := utf8.DecodeRuneInString(abbreviation)
	for n := min(len(ws), utf8.RuneCountInString(abbreviation)); n > 0; n-- {
		name := ws[len(ws)-n:]
		if r, _ := utf8.DecodeRuneInString(name[0]); unicode.ToUpper(r) == first && (n > 1 || utf8.RuneCountInString(name[0]) > 8) {
			return string(unicode.ToUpper(r)) + strings.Join(name, " ")[utf8.RuneLen(r):]
		}
	}
	return ""
}

// taken gives the ids of networks in a last column, longest names first, and what else it says.
func (o *Outline) taken(s string) (ids, with []string) {
	byLength := slices.Clone(o.Networks)
	slices.SortStableFunc(byLength, func(a, b Network) int { return len(b.ID) - len(a.ID) })
	type place struct {
		at int
		id string
	}
	var places []place
	for _, n := range byLength {
		low, id := strings.ToLower(s), strings.ToLower(n.ID)
		i := strings.Index(low, id)
		if i < 0 || len(low) != len(s) {
			continue
		}
		before, _ := utf8.DecodeLastRuneInString(low[:i])
		after, _ := utf8.DecodeRuneInString(low[i+len(id):])
		if unicode.IsLetter(before) || unicode.IsLetter(after) {
			continue
		}
		places = append(places, place{i, n.ID})
		sentence := utf8.RuneCountInString(n.ID) > 7 && !strings.EqualFold(strings.TrimSpace(s), n.ID) && !strings.Contains(s, ",")
		if !sentence { // a name inside a sentence stays in it
			s = s[:i] + strings.Repeat(",", len(id)) + s[i+len(id):]
		}
	}
	slices.SortFunc(places, func(a, b place) int { return a.at - b.at })
	for _, p := range places {
		ids = append(ids, p.id)
	}
	for _, w := range strings.FieldsFunc(s, func(r rune) bool { return r == ',' || r == ';' }) {
		w = strings.Trim(w, " .")
		if strings.ContainsFunc(w, unicode.IsLetter) && !slices.Contains([]string{"och", "samt", "med"}, strings.ToLower(w)) {
			with = append(with, w)
		}
	}
	return ids, with
}
