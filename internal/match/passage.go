package match

import (
	"cmp"
	"slices"
	"strings"
	"unicode/utf8"

	"utkik/internal/call"
	"utkik/internal/text"
)

// How much a term counts, by where it stands. What a call is about stands in its title and at the head of
// its text; the body names everything that a programme ever cares for, and counting it made matches worse.
const (
	inTitle  = 1.0
	inParent = 0.5  // titles of the call, of the funding topic and of the project: about the same, but wider; the title in other words
	inTopics = 0.35 // the source's own keywords
	inLead   = 0.35 // the head of the text
)

const (
	leadLength = 700      // bytes of text that count, when its boilerplate is out
	leadWithin = 64 << 10 // bytes of text that are looked through to find them
	maxField   = 4 << 10  // bytes of any other field that are read
	maxFunding = 4        // titles of topics and projects taken from a text
)

// passage is a piece of a call that is read.
type passage struct {
	field  string // of the exchange format
	weight float64
	text   string
	words  []word
	cut    bool // the text goes on where it ends here
}

// reading is a call as it is read. Its memory serves one call after the other.
type reading struct {
	passages []passage
	words    []word      // of all passages
	found    []text.Word // of the last one
	code     string      // of the call, or of the topic that funds it
}

// passages gives the parts of c that say what it is about, without the sentences that every call of its
// source holds, and the code of the topic or call that it belongs to.
func passages(c *call.Call) (out []passage, code string) {
	var r reading
	r.read(c)
	return r.passages, r.code
}

// read replaces what was read before by c.
func (r *reading) read(c *call.Call) {
	r.passages, r.words = r.passages[:0], r.words[:0]
	r.add("title", inTitle, c.Title)
	for _, t := range c.Translations { // the title once more: evidence, but not as much again
		r.add("translations", inParent, t.Title)
	}
	body := clip(c.Text, leadWithin)
	lead, funding, code := strip(body, strings.TrimSpace(c.Title))
	r.code = cmp.Or(c.Call, code)
	r.add("call_title", inParent, c.CallTitle)
	r.add("parent_title", inParent, c.ParentTitle)
	for _, f := range funding {
		r.add("text", inParent, f)
	}
	for _, d := range c.Divisions {
		r.add("divisions", inLead, d)
	}
	for _, t := range c.Topics {
		r.add("topics", inTopics, t)
	}
	if lead != "" {
		head := clip(lead, leadLength)
		r.passages = append(r.passages, passage{field: "text", weight: inLead, text: head, words: r.cut(head), cut: len(head) < len(lead)})
	}
}

// add reads one more field, if it is not empty and says something new: the same words twice are one piece
// of evidence.
func (r *reading) add(field string, weight float64, s string) {
	s = strings.TrimSpace(clip(s, maxField))
	if s == "" || slices.ContainsFunc(r.passages, func(p passage) bool { return p.text == s }) {
		return
	}
	r.passages = append(r.passages, passage{field: field, weight: weight, text: s, words: r.cut(s)})
}

// cut gives the words of s. They stand behind those of the passages before.
func (r *reading) cut(s string) []word {
	r.found = text.AppendWords(r.found[:0], s)
	from := len(r.words)
	r.words = appendParts(r.words, r.found)
	return r.words[from:len(r.words):len(r.words)]
}

// clip cuts s to at most n bytes, at the end of a word where there is one.
func clip(s string, n int) string {
	if len(s) <= n {
		return s
	}
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	s = s[:n]
	if i := strings.LastIndexAny(s, " \n"); i > n-100 && i > 0 {
		return s[:i]
	}
	return s
}

// Nothing says why a call matches no priority at all, in English, for operators: what there was to be read.
func Nothing(c *call.Call) string {
	var r reading
	r.read(c)
	read := slices.ContainsFunc(r.passages, func(p passage) bool { return len(p.words) > 0 })
	switch {
	case read && c.Language != "" && c.Language != "sv" && c.Language != "en":
		return "its language is " + c.Language + ", and the plan's words are Swedish and English; no rule fits its codes"
	case read:
		return "no word of the plan stands in its titles, its keywords or the head of its text, and no rule fits its codes"
	case strings.TrimSpace(c.Text) != "":
		return "its text is boilerplate only, it has no title, and no rule fits its codes"
	}
	return "it has neither a title nor a text, and no rule fits its codes"
}

// formulas are words that stand in most items of a source whatever they are about: senders and what every
// programme promises. They are taken out of a call before anything is counted, like a negative term's.
var formulas = []string{
	"*departementet", "*departementets", "regeringskansliet",
	"miljö- och energidepartementet", "miljö- och samhällsbyggnadsdepartementet",
	"klimat- och näringslivsdepartementet", "landsbygds- och infrastrukturdepartementet",
	"landsbygd- och infrastrukturdepartementet", "olje- och energidepartementet",
	"in support of the european green deal", "social sciences and humanities", "climate neutrality goals",
	"information and communication technologies", "small and medium-sized enterprises (SMEs) are encouraged",
}

// openings begin a paragraph of a call's text without saying anything; what ends with a colon goes up to it.
var openings = []string{
	"expected outcome", "expectedoutcome", "expected impact", "expectedimpact", "scope", "objective", "specific challenge",
	"project results are expected to contribute to", "projects are expected to contribute to",
	"faktapromemoria gällande", "faktapromemoria om", "faktapromemoria",
}

// metadata are the names of the facts that the portal writes into the text of a cascade call, one a line,
// between double asterisks.
const metadata = "**"

// strip gives the head of a text without boilerplate, and apart from it the titles of the topic and the
// project that fund a cascade call, which portals write into the text, and the topic's code.
func strip(s, title string) (lead string, funding []string, code string) {
	var b strings.Builder
	clocks := false // dates may follow a fact, one a line
	for line := range strings.Lines(s) {
		line = strings.TrimSpace(line)
		if rest, ok := strings.CutPrefix(line, metadata); ok {
			if name, value, ok := strings.Cut(rest, metadata+":"); ok && len(name) < 60 {
				value = strings.TrimSpace(clip(value, maxField))
				if c, after, ok := strings.Cut(value, " - "); ok && name == "Topic" && isCode(c) {
					if code == "" {
						code = c
					}
					value = after
				}
				// A business case is the call's own matter; other facts are about the portal's form.
				if (name == "Topic" || strings.HasPrefix(name, "Full name")) && value != "" && len(funding) < maxFunding {
					funding = append(funding, value)
				}
				clocks = true
				if !ownWords(name) {
					continue
				}
				line = value
			}
		}
		if line == "" || clocks && (strings.HasSuffix(line, "(Brussels time)") || line == "Forthcoming" || line == "Open For Submission" || line == "Closed") {
			continue
		}
		line = opened(clip(line, leadLength+len(title)+quoted))
		line = consulted(line)
		if strings.ContainsAny(line, "@/") {
			line = withoutAddresses(line)
		}
		if line == "" {
			continue
		}
		if b.Len() > 0 {
			b.WriteByte('\n')
		}
		b.WriteString(line)
		if b.Len() > leadLength+len(title) {
			break
		}
	}
	lead = b.String()
	// A text that begins with its own title says nothing new there.
	if title != "" {
		lead = strings.TrimLeft(strings.TrimPrefix(lead, title), " .:\n")
	}
	return lead, funding, code
}

// ownWords tells whether a fact of a cascade call is its own description and not the portal's form.
func ownWords(name string) bool {
	for _, form := range []string{"date", "Deadline", "Expected duration", "Total funding", "Project acronym", "Full name", "Grant agreement", "Topic"} {
		if strings.Contains(name, form) {
			return false
		}
	}
	return true
}

// isCode tells whether s looks like SMP-COSME-2023-TOURSME-01.
func isCode(s string) bool {
	return s != "" && s[0] >= 'A' && s[0] <= 'Z' && strings.Contains(s, "-") && !strings.ContainsAny(s, " \t")
}

// opened takes an opening off the front of a paragraph.
func opened(line string) string {
	for _, o := range openings {
		if len(line) < len(o) || !strings.EqualFold(line[:len(o)], o) {
			continue
		}
		rest := line[len(o):]
		if i := strings.IndexByte(rest, ':'); i >= 0 && i < 100 {
			return opened(strings.TrimSpace(rest[i+1:]))
		}
		if strings.HasPrefix(o, "faktapromemoria") {
			return strings.TrimSpace(rest)
		}
	}
	return line
}

// consulted takes the dates of a consultation off the end of its text.
func consulted(line string) string {
	if i := strings.Index(line, "Consultation period:"); i >= 0 {
		line = strings.TrimSpace(line[:i])
	}
	return line
}

// withoutAddresses takes out mail and web addresses, whose words are names.
func withoutAddresses(line string) string {
	kept := strings.Fields(line)
	n := 0
	for _, w := range kept {
		if strings.Contains(w, "@") || strings.Contains(w, "://") || strings.HasPrefix(w, "www.") {
			continue
		}
		kept[n] = w
		n++
	}
	return strings.Join(kept[:n], " ")
}
