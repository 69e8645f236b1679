package draft

import (
	"cmp"
	"regexp"
	"slices"
	"strings"
)

// labels are what stands before the facts of a document on its first page and in its page headers.
var labels = []string{
	"dokumenttyp", "fastställt", "fastställd", "reviderat", "reviderad", "giltigt från och med", "giltig från och med", "giltig till",
	"giltigt till", "dokumentnr / version", "dokumentnr", "dokumentnummer", "diarienummer", "diarienr", "dnr", "beslutat av", "beslutad av",
	"beslutsinstans", "gäller för", "ytterligare information", "relaterad information", "antagen av", "dokumentägare",
	"handläggare", "granskare", "granskad av", "kontaktperson", "kontaktpersoner", "processägare", "projektledare", "upprättad av",
	"framtagen av", "dokumentansvarig", "författare", "godkänd av", "ansvarig handläggare",
}

// personal are those whose facts name persons.
var personal = []string{
	"handläggare", "granskare", "granskad av", "kontaktperson", "kontaktpersoner", "processägare", "projektledare", "upprättad av",
	"framtagen av", "dokumentansvarig", "författare", "godkänd av", "ansvarig handläggare", "dokumentägare",
}

// bodies tell that words with capitals are an office and no person.
var bodies = []string{"region", "kommun", "styrelse", "nämnd", "förvaltning", "avdelning", "kontor", "enhet", "stad", "bolag"}

var (
	pageNumber = regexp.MustCompile(`^(?i:sida +)?\d{1,3} *(?:\(\d+\)|/ *\d+|av \d+)?$`)
	rule       = regexp.MustCompile(`^[-=_*\s|:]+$`)
	figures    = regexp.MustCompile(`\d+`)
	// A person as such lines write one: two or three words with capitals, perhaps with a signature.
	person = regexp.MustCompile(`\p{Lu}\p{Ll}+(?:-\p{Lu}\p{Ll}+)?(?: \p{Lu}\p{Ll}+(?:-\p{Lu}\p{Ll}+)?){1,2}`)
	sign   = regexp.MustCompile(`\s*\([a-z]{2,4}\d{2,4}\)|\S+@\S+\.\S+`)
)

// facts are what the furniture of the pages says.
type facts struct {
	values map[string]string
	names  []string // of persons, to be forgotten
}

// document gives number and decision.
func (f facts) document() string {
	var out []string
	for _, k := range []string{"dokumentnr / version", "dokumentnr", "dokumentnummer", "diarienummer", "diarienr", "dnr"} {
		if v := f.values[k]; v != "" {
			out = append(out, "dokumentnr "+v)
			break
		}
	}
	for _, k := range []string{"beslutat av", "beslutad av", "beslutsinstans", "antagen av"} {
		if v := f.values[k]; v != "" && !person.MatchString(v) {
			out = append(out, "beslutad av "+v)
			break
		}
	}
	return strings.Join(out, ", ")
}

// forget takes the names of persons out of all that is kept.
func (f facts) forget(o *Outline) {
	clean := func(s *string) { *s = strings.Join(strings.Fields(f.nameless(*s)), " ") }
	clean(&o.Title)
	o.Title = cmp.Or(o.Title, "Handlingsplan")
	clean(&o.Document)
	for i := range o.Goals {
		clean(&o.Goals[i].Name)
		for k := range o.Goals[i].Aims {
			clean(&o.Goals[i].Aims[k].Name)
			clean(&o.Goals[i].Aims[k].Text)
		}
	}
	for i := range o.Tables {
		clean(&o.Tables[i].Title)
		for k := range o.Tables[i].Rows {
			r := &o.Tables[i].Rows[k]
			clean(&r.Heading)
			clean(&r.Text)
			for w := range r.With {
				clean(&r.With[w])
			}
			r.With = slices.DeleteFunc(r.With, func(s string) bool { return s == "" })
		}
	}
}

// nameless gives s without the names of persons, their signatures and addresses.
func (f facts) nameless(s string) string {
	for _, n := range f.names {
		s = strings.ReplaceAll(s, n, "")
	}
	return sign.ReplaceAllString(s, "")
}

// label cuts a cell into a label and what stands after it.
func label(s string) (name, value string, ok bool) {
	low := strings.ToLower(s)
	for _, l := range labels {
		rest, found := strings.CutPrefix(low, l)
		if found && (rest == "" || rest[0] == ' ' || rest[0] == ':') && len(l) > len(name) {
			name, value, ok = l, strings.TrimLeft(s[len(s)-len(rest):], ": "), true
		}
	}
	return name, value, ok
}

// strip takes out what belongs to the pages and not to the plan: headers, numbers, and the facts of the
// first page, among them the names of persons.
func strip(lines []line, layout bool) (out []line, f facts) {
	f = facts{values: map[string]string{}}
	keep := func(name, value string) {
		if slices.Contains(personal, name) {
			for _, name := range person.FindAllString(value, -1) {
				if !at(name, bodies) {
					f.names = append(f.names, name)
				}
			}
			return
		}
		if f.values[name] == "" {
			f.values[name] = value
		}
	}
	running := repeated(lines)
	defer func() {
		slices.Sort(f.names)
		f.names = slices.Compact(f.names)
	}()
	page := false
	var waiting []string // labels whose values come in the next line
	for _, l := range lines {
		page = page || l.page
		s := strings.TrimSpace(l.text)
		if s == "" {
			out = append(out, line{page: page})
			continue
		}
		cells := cellsOf(l.text)
		if layout {
			cells = gap.Split(s, -1)
		}
		if len(waiting) > 0 {
			for i, name := range waiting {
				if i < len(cells) {
					keep(name, cells[i])
				}
			}
			if _, _, ok := label(cells[0]); !ok {
				waiting = nil
				page = true
				continue
			}
			waiting = nil // a label without a value
		}
		found, bare, plain := 0, 0, 0
		for _, c := range cells {
			name, value, ok := label(c)
			switch {
			case !ok:
				plain++
			case value == "":
				bare++
				found++
			default:
				found++
				if len(strings.Fields(value)) <= 8 {
					keep(name, value)
				} else if len(cells) == 1 {
					found = 0 // a sentence that begins with the word
				}
			}
		}
		switch {
		case header(cells) != nil && found == 0:
			out = append(out, line{l.text, page})
			page = false
		case found > 0 && bare == len(cells):
			for _, c := range cells {
				name, _, _ := label(c)
				waiting = append(waiting, name)
			}
			page = true
		case found > 1, found == 1 && len(cells) == 1, found == 1 && plain == 1 && len(cells) == 2 && cells[0] != "" && bare == 1:
			if name, value, _ := label(cells[0]); len(cells) == 2 && value == "" {
				keep(name, cells[1])
			}
			page = true
		case rule.MatchString(s), pageNumber.MatchString(s), running[figures.ReplaceAllString(s, "#")]:
			page = true
		default:
			out = append(out, line{l.text, page})
			page = false
		}
	}
	return out, f
}

// repeated gives the first and last lines that come back on most pages, figures aside.
func repeated(lines []line) map[string]bool {
	var pages [][]string
	pages = append(pages, nil)
	for _, l := range lines {
		if l.page {
			pages = append(pages, nil)
		}
		if s := strings.TrimSpace(l.text); s != "" {
			pages[len(pages)-1] = append(pages[len(pages)-1], figures.ReplaceAllString(s, "#"))
		}
	}
	counts := map[string]int{}
	for _, p := range pages {
		ends := p
		if len(p) > 8 {
			ends = append(slices.Clone(p[:4]), p[len(p)-4:]...)
		}
		ends = slices.Clone(ends)
		slices.Sort(ends)
		for _, s := range slices.Compact(ends) {
			if header(gap.Split(s, -1)) == nil {
				counts[s]++
			}
		}
	}
	out := map[string]bool{}
	for s, n := range counts {
		if n >= 3 && 2*n > len(pages) {
			out[s] = true
		}
	}
	return out
}
