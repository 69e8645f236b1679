package match

import (
	"strings"

	"utkik/internal/call"
)

// limit is why a Swedish public authority, or those whom it informs, can hardly apply. It lowers a call
// among those that match, and never hides it: a reader may know better.
type limit struct {
	why, english, field, term, quote string
}

// closed are the codes and words by which Brussels keeps a call to a circle that does not hold Sweden's
// regions. They were read in the portal's own calls.
var closed = []struct {
	term    string
	codes   []string // globs on identifier and call code, in small letters
	title   []string // phrases of the title
	who     []string // phrases of what the source says of who may apply
	because string
	english string
}{
	{
		term:    "cohesion envelope",
		codes:   []string{"cef-t-*coen-*"},
		because: "Pengarna är avsatta för sammanhållningsländerna; Sverige är inte ett av dem.",
		english: "The money is set aside for the cohesion countries; Sweden is not one of them.",
	},
	{
		term:    "named beneficiaries",
		codes:   []string{"*-sga", "*-sga-*", "*-fpa", "*-fpa-*", "*-iba", "*-iba-*"},
		title:   []string{"sga", "identified beneficiary", "named beneficiaries", "direct award"},
		who:     []string{"identified beneficiary", "identified beneficiaries", "named beneficiary", "named beneficiaries", "designated beneficiaries", "by invitation", "framework partners only"},
		because: "Bara namngivna mottagare eller ramavtalets parter får söka.",
		english: "Only named beneficiaries or the parties of a framework agreement may apply.",
	},
	{
		term:    "outermost regions",
		codes:   []string{"*4or", "*4or-*", "*4or2"},
		title:   []string{"outermost region", "outermost regions", "yttersta randområden", "yttersta randområdena"},
		because: "Gäller EU:s yttersta randområden.",
		english: "For the EU's outermost regions.",
	},
	{
		term:    "Ukraine",
		codes:   []string{"*-ua", "*-ukraine"},
		title:   []string{"ukrainian", "for ukraine", "in ukraine"},
		because: "Gäller aktörer i Ukraina eller från Ukraina.",
		english: "For actors in or from Ukraine.",
	},
	{
		term:    "applicants in one country",
		codes:   []string{"europeaid/*/act/??"},
		because: "Gäller verksamhet i ett enda land utanför EU, oftast för sökande på plats.",
		english: "For work in a single country outside the EU, mostly for applicants there.",
	},
	{
		term:    "national authorities",
		who:     []string{"only national authorities", "reserved for national", "only central government", "national authorities only"},
		because: "Bara statliga myndigheter får söka.",
		english: "Only national authorities may apply.",
	},
}

// circle is a row of [closed], made ready.
type circle struct {
	limit
	codes      [][]string // cut at the stars
	title, who [][]string // cut into words
}

var circles = func() []circle {
	cut := func(phrases []string, at func(string) []string) [][]string {
		var out [][]string
		for _, p := range phrases {
			out = append(out, at(p))
		}
		return out
	}
	var out []circle
	for _, k := range closed {
		out = append(out, circle{
			limit: limit{why: k.because, english: k.english, term: k.term},
			codes: cut(k.codes, func(s string) []string { return strings.Split(s, "*") }),
			title: cut(k.title, strings.Fields),
			who:   cut(k.who, strings.Fields),
		})
	}
	return out
}()

// eligibility gives the first reason why the authority can hardly apply.
func eligibility(c *call.Call, code string, passages []passage) (limit, bool) {
	codes := [...]struct{ field, value, folded string }{
		{"identifier", c.Identifier, strings.ToLower(clip(c.Identifier, maxField))},
		{"call", code, strings.ToLower(clip(code, maxField))},
	}
	var title, who passage
	if len(passages) > 0 && passages[0].field == "title" {
		title = passages[0]
	}
	if c.Eligible != "" {
		s := clip(c.Eligible, maxField)
		who = passage{field: "eligible", text: s, words: words(s)}
	}
	for _, k := range circles {
		for _, g := range k.codes {
			for _, f := range codes {
				if f.value != "" && fitsCode(g, f.folded) {
					l := k.limit
					l.field, l.quote = f.field, "«"+clip(f.value, maxField)+"»"
					return l, true
				}
			}
		}
		for _, in := range [...]struct {
			passage *passage
			phrases [][]string
		}{{&title, k.title}, {&who, k.who}} {
			for _, phrase := range in.phrases {
				if at, ok := standing(in.passage.words, phrase); ok {
					l := k.limit
					l.field, l.quote = in.passage.field, sentence(in.passage, at)
					return l, true
				}
			}
		}
	}
	return limit{}, false
}

// fitsCode is [glob] with two question marks at the end for a country's two letters.
func fitsCode(parts []string, code string) bool {
	end := len(parts) - 1
	p, ok := strings.CutSuffix(parts[end], "??")
	if !ok {
		return glob(parts, code)
	}
	if len(code) < 2 || strings.Contains(code[len(code)-2:], "/") {
		return false
	}
	return glob(append(parts[:end:end], p), code[:len(code)-2])
}

// standing finds the first place where phrase stands in ws.
func standing(ws []word, phrase []string) (place, bool) {
	for i := 0; i+len(phrase) <= len(ws); i++ {
		k := 0
		for k < len(phrase) && ws[i+k].text == phrase[k] {
			k++
		}
		if k == len(phrase) {
			return place{from: int32(i), to: int32(i + k)}, true
		}
	}
	return place{}, false
}
