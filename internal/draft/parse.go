package draft

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode"
)

// line is one line of a document without its page's furniture.
type line struct {
	text string
	page bool // a new page began just before it
}

// Parse finds goals, aims, tables and networks. A document in which there is neither a goal nor a table of
// activities is an error.
func Parse(s Source) (*Outline, error) {
	raw := split(s.Text)
	lines, facts := strip(raw, s.Layout)
	if s.Layout {
		lines = fromLayout(lines)
	}
	p := parser{o: &Outline{Document: facts.document()}, lines: lines, goal: -1, aim: -1}
	p.plainly = slices.ContainsFunc(lines, func(l line) bool {
		_, _, plainly := goalLine(l.text)
		return plainly && len(cellsOf(l.text)) == 1
	})
	p.arrows = slices.ContainsFunc(lines, func(l line) bool { return aimGlyph.MatchString(strings.TrimSpace(l.text)) })
	p.read()
	o := p.o
	p.empty()
	p.drop()
	o.Title = title(lines, s.Name)
	if len(o.Tables) == 0 {
		p.tablesOfAims()
	}
	if len(o.Goals) == 0 && len(o.Tables) == 0 {
		return nil, fmt.Errorf("action plan %q: neither goals (\"1. … genom att:\") nor a table with the columns Prioritering, Aktivitet, Nätverk; write the plan file by hand, doc/plans.md shows how", s.Name)
	}
	if len(o.Tables) == 0 {
		return nil, fmt.Errorf("action plan %q: %d goals, but no table of activities and no aims (➤) to make priorities of; write the plan file by hand, doc/plans.md shows how", s.Name, len(o.Goals))
	}
	if len(o.Goals) == 0 {
		o.Goals = []Goal{{Name: o.Title, Assumed: "inget mål hittades; planens titel står i dess ställe"}}
	}
	for i := range o.Tables {
		o.Tables[i].Goal = max(o.Tables[i].Goal, 0)
	}
	var b strings.Builder
	for _, l := range lines {
		b.WriteString(l.text + "\n")
	}
	o.Authority = authority(b.String())
	for i := range p.cells {
		p.cells[i].text = facts.nameless(p.cells[i].text)
	}
	p.networks(facts.nameless(b.String()))
	facts.forget(o)
	return o, nil
}

func split(s string) []line {
	var out []line
	s = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) && !strings.ContainsRune("\n\r\t\f\v", r) || r == '\ufffe' || r == '\uffff' {
			return -1 // YAML has no place for them
		}
		return r
	}, s)
	s = strings.NewReplacer("\r\n", "\n", "\r", "\n", "\v", "\n", "\u00a0", " ", "\u00ad", "").Replace(s)
	for i, page := range strings.Split(s, "\f") {
		for k, l := range strings.Split(page, "\n") {
			out = append(out, line{text: strings.TrimRight(strings.ReplaceAll(l, "**", ""), " "), page: i > 0 && k == 0})
			if bold := strings.TrimSpace(l); boldAim(bold) {
				out[len(out)-1].text = "➤ " + strings.Trim(strings.TrimLeft(bold, "-*•– "), "* ")
			}
		}
	}
	return out
}

// boldAim tells whether a line is a list's item that is bold from end to end, in the way of Markdown.
func boldAim(s string) bool {
	rest := strings.TrimSpace(strings.TrimLeft(s, "-•–"))
	return rest != s && len(rest) > 4 && strings.HasPrefix(rest, "**") && strings.HasSuffix(rest, "**") && strings.Count(rest, "**") == 2
}

func cellsOf(s string) []string {
	t := strings.TrimSpace(s)
	if strings.HasPrefix(t, "|") && strings.HasSuffix(t, "|") && len(t) > 2 {
		s = strings.ReplaceAll(strings.Trim(t, "|"), "|", "\t")
	}
	cells := strings.Split(s, "\t")
	for i := range cells {
		cells[i] = strings.Join(strings.Fields(cells[i]), " ")
	}
	return cells
}

// only gives the one cell of a line that says anything, if it is the first and there is no other.
func only(cells []string) string {
	for _, c := range cells[1:] {
		if c != "" {
			return ""
		}
	}
	return cells[0]
}

var (
	numbered  = regexp.MustCompile(`^(?:#+ +)?(\d{1,2})[.)]? +(\p{Lu}.*)$`)
	goalWord  = regexp.MustCompile(`^(?:#+ +)?(?:(?:Långsiktigt|Övergripande|Strategiskt) )?[Mm]ål +\d+ *[:.–-] *(\p{Lu}.*)$`)
	genom     = regexp.MustCompile(`,? +genom(?: +att)?:?$`)
	genomAtt  = regexp.MustCompile(`^(?:#+ +)?(\p{Lu}.*?),? +genom att:$`)
	contents  = regexp.MustCompile(`(\.{3,}|…|\t)\s*\d+$`)
	aimGlyph  = regexp.MustCompile(`^[➤➢►▶▸⮞→»✓✔]\s*`)
	aimBullet = regexp.MustCompile(`^[-–•*·▪]\s+`)
)

// goalLine reads a line as the heading of a goal. It is one plainly where it says so: "… genom att:" after
// a number, or "Mål 2: …".
func goalLine(s string) (name string, ok, plainly bool) {
	s = strings.TrimSpace(s)
	if contents.MatchString(s) || len(s) > 300 {
		return "", false, false
	}
	if m := goalWord.FindStringSubmatch(s); m != nil {
		return strings.TrimRight(genom.ReplaceAllString(m[1], ""), " .:"), true, true
	}
	if m := numbered.FindStringSubmatch(s); m != nil {
		if at := genom.FindStringIndex(m[2]); at != nil {
			return m[2][:at[0]], true, true
		}
		plain := !strings.HasSuffix(s, ".") && len(strings.Fields(s)) <= 16
		return strings.TrimRight(m[2], " :"), plain, false
	}
	if m := genomAtt.FindStringSubmatch(s); m != nil {
		return m[1], true, true
	}
	return "", false, false
}

// aimLine reads a line as an aim: after an arrow, or after a bullet, which says less.
func aimLine(s string) (string, bool) {
	s = strings.TrimSpace(s)
	for _, re := range []*regexp.Regexp{aimGlyph, aimBullet} {
		if at := re.FindStringIndex(s); at != nil && len(s) > at[1] {
			return strings.TrimSpace(s[at[1]:]), true
		}
	}
	return "", false
}

// role is what a column of a table holds.
type role string

const (
	roleHeading  role = "heading"
	roleActivity role = "activity"
	roleNetwork  role = "network"
	roleOther    role = "other" // who answers, when, for how much: not kept
)

// roles are what columns are called, by how their names begin. The first that fits decides.
var roles = []struct {
	begins string
	role   role
}{
	{"prioriter", roleHeading}, {"insatsområde", roleHeading}, {"fokusområde", roleHeading}, {"målområde", roleHeading},
	{"utvecklingsområde", roleHeading}, {"område", roleHeading}, {"delmål", roleHeading}, {"mål", roleHeading}, {"tema", roleHeading},
	{"aktivitet", roleActivity}, {"åtgärd", roleActivity}, {"insats", roleActivity}, {"planerade", roleActivity}, {"genomförande", roleActivity},
	{"nätverk", roleNetwork}, {"samverkan", roleNetwork}, {"samarbet", roleNetwork}, {"övrigt", roleNetwork}, {"partner", roleNetwork}, {"forum", roleNetwork},
}

// header gives what the columns hold when the cells are a table's header, else nil.
func header(cells []string) []role {
	var out []role
	has := map[role]bool{}
	for _, c := range cells {
		low, is := strings.ToLower(c), roleOther
		for _, r := range roles {
			if strings.HasPrefix(low, r.begins) && len(c) <= 50 {
				is = r.role
				break
			}
		}
		if is != roleOther && has[is] {
			is = roleOther
		}
		has[is] = true
		out = append(out, is)
	}
	if !has[roleHeading] || !has[roleActivity] {
		return nil
	}
	return out
}

// parser reads an outline out of lines.
type parser struct {
	o       *Outline
	lines   []line
	plainly bool // some goals say that they are goals: nothing else is one
	arrows  bool // some aims stand after arrows: bullets are mere lists

	goal, aim int // open, or -1
	table     *Table
	cells     []cell // last columns of the rows, for networks
	columns   []role
	raw       int // cells of the last row, while fewer than columns: it goes on in the next line
}

// cell is a last column, of which row.
type cell struct {
	table, row int
	text       string
}

func (p *parser) read() {
	title, fresh, blank := "", false, true
	for i, l := range p.lines {
		fresh = fresh || l.page
		if strings.TrimSpace(l.text) == "" {
			blank = true
			continue
		}
		cells := cellsOf(l.text)
		single := only(cells)
		if columns := header(cells); columns != nil {
			p.open(title, columns)
			title, blank, fresh = "", false, false
			continue
		}
		name, ok, plainly := goalLine(single)
		ok = ok && len(cells) == 1 && plainly == p.plainly
		_, aim := aimLine(single)
		switch {
		case single != "" && !ok && !aim && titledBy(p.lines[i+1:]):
			title = strings.TrimLeft(single, "# ")
			p.table = nil
		case ok:
			p.o.Goals = append(p.o.Goals, Goal{Name: name})
			if !plainly {
				p.o.Goals[len(p.o.Goals)-1].Assumed = "en numrerad rubrik; är det ett mål?"
			}
			p.goal, p.aim, p.table = len(p.o.Goals)-1, -1, nil
		case p.table != nil && (len(cells) > 1 || !blank && p.raw > 0 && p.raw < len(p.columns)):
			p.row(cells, fresh)
		default:
			p.table = nil
			p.prose(single, blank)
		}
		blank, fresh = false, false
	}
}

func titledBy(next []line) bool {
	for _, l := range next {
		if strings.TrimSpace(l.text) != "" {
			return header(cellsOf(l.text)) != nil
		}
	}
	return false
}

// open begins a table, or goes on with one whose header was printed again on a new page.
func (p *parser) open(title string, columns []role) {
	p.raw = 0
	if n := len(p.o.Tables); title == "" && p.table != nil && slices.Equal(columns, p.columns) && n > 0 {
		return
	}
	p.columns = columns
	p.o.Tables = append(p.o.Tables, Table{Goal: p.goal, Title: title})
	p.table = &p.o.Tables[len(p.o.Tables)-1]
}

func (p *parser) row(cells []string, fresh bool) {
	var heading, text, with string
	wrapped := p.raw > 0 && p.raw < len(p.columns) && cells[0] != "" && p.raw+len(cells)-1 <= len(p.columns) && len(cells) < len(p.columns)
	offset := 0
	if wrapped {
		offset = p.raw - 1
		p.raw += len(cells) - 1
	} else {
		p.raw = len(cells)
	}
	for i, c := range cells {
		if i += offset; i >= len(p.columns) {
			break
		}
		switch p.columns[i] {
		case roleHeading:
			heading = glue(heading, c)
		case roleActivity:
			text = glue(text, c)
		case roleNetwork:
			with = glue(with, c)
		case roleOther:
		}
	}
	if heading == "" && text == "" && with == "" {
		return
	}
	rows := p.table.Rows
	if n := len(rows); n > 0 {
		last, note := &rows[n-1], &p.cells[len(p.cells)-1]
		ended := strings.HasSuffix(last.Text, ".") || strings.HasSuffix(last.Text, ":")
		goesOn := small(text) && (fresh || !ended) || text == "" && (small(heading) || heading == "")
		if wrapped || goesOn {
			if last.Text != "" && text != "" && !wrapped {
				last.Doubt = "cellen fortsatte på nästa sida eller rad och är hopfogad"
			}
			last.Heading, last.Text, note.text = glue(last.Heading, heading), glue(last.Text, text), glue(note.text, with)
			return
		}
		if heading == "" {
			heading = last.Heading
		}
	}
	p.table.Rows = append(rows, Row{Heading: heading, Text: text})
	p.cells = append(p.cells, cell{len(p.o.Tables) - 1, len(p.table.Rows) - 1, with})
}

func small(s string) bool {
	for _, r := range s {
		return unicode.IsLower(r)
	}
	return false
}

// prose reads what stands outside of tables.
func (p *parser) prose(s string, blank bool) {
	if p.goal < 0 || s == "" {
		return
	}
	g := &p.o.Goals[p.goal]
	if name, ok := aimLine(s); ok && (aimGlyph.MatchString(strings.TrimSpace(s)) || !p.arrows) {
		if name = strings.TrimRight(name, " .;:,"); name != "" {
			g.Aims = append(g.Aims, Aim{Name: name})
			p.aim = len(g.Aims) - 1
		}
		return
	}
	if p.aim < 0 {
		return
	}
	a := &g.Aims[p.aim]
	if !blank && a.Text == "" && small(s) {
		a.Name = glue(a.Name, s)
		return
	}
	a.Text = glue(a.Text, s)
}

// empty takes out tables without rows.
func (p *parser) empty() {
	o := p.o
	to := make([]int, len(o.Tables))
	var kept []Table
	for i, t := range o.Tables {
		to[i] = len(kept)
		if len(t.Rows) > 0 {
			kept = append(kept, t)
		}
	}
	for i := range p.cells {
		p.cells[i].table = to[p.cells[i].table]
	}
	o.Tables = kept
}

// drop takes out numbered headings that turned out to be no goals: nothing stands below them.
func (p *parser) drop() {
	if p.plainly {
		return
	}
	o := p.o
	to := make([]int, len(o.Goals))
	var kept []Goal
	for i, g := range o.Goals {
		used := len(g.Aims) > 0 || slices.ContainsFunc(o.Tables, func(t Table) bool { return t.Goal == i })
		to[i] = len(kept)
		if used {
			kept = append(kept, g)
		}
	}
	for i, t := range o.Tables {
		if t.Goal >= 0 {
			o.Tables[i].Goal = to[t.Goal]
		}
	}
	o.Goals = kept
}

// tablesOfAims makes rows of aims, for plans that have no tables.
func (p *parser) tablesOfAims() {
	for i, g := range p.o.Goals {
		t := Table{Goal: i, Title: g.Name}
		for _, a := range g.Aims {
			text := a.Text
			if text == "" {
				text = a.Name
			}
			t.Rows = append(t.Rows, Row{Heading: a.Name, Text: clip(text, 600), Doubt: "planen har ingen tabell; raden är gjord av ett delmål"})
			p.cells = append(p.cells, cell{len(p.o.Tables), len(t.Rows) - 1, ""})
		}
		if len(t.Rows) > 0 {
			p.o.Tables = append(p.o.Tables, t)
		}
	}
}

// clip cuts s after a word, within max characters.
func clip(s string, max int) string {
	r := []rune(s)
	if len(r) <= max {
		return s
	}
	cut := string(r[:max])
	if i := strings.LastIndexByte(cut, ' '); i > 0 {
		cut = cut[:i]
	}
	return cut + " …"
}

var titleWord = regexp.MustCompile(`(?i)(plan|strategi|program|policy)[a-zåäö]*( |$|\d)`)

// title gives the first line that reads as a plan's title, else the first line of all.
func title(lines []line, name string) string {
	first := ""
	for _, l := range lines {
		s := strings.TrimLeft(strings.TrimSpace(l.text), "# ")
		if s == "" || strings.Contains(s, "\t") {
			continue
		}
		if first == "" {
			first = s
		}
		if titleWord.MatchString(s) && len(strings.Fields(s)) <= 12 && !strings.HasSuffix(s, ".") && !strings.HasSuffix(s, ":") && capital(s) {
			return s
		}
	}
	if first == "" || len(strings.Fields(first)) > 15 {
		return name
	}
	return cmp.Or(strings.TrimRight(first, ".: "), name)
}

var authorities = []*regexp.Regexp{
	regexp.MustCompile(`(?:Region|Länsstyrelsen i|Kommunalförbundet|Landstinget) \p{Lu}[\p{L}-]+(?: \p{Lu}[\p{L}-]+)?`),
	regexp.MustCompile(`\p{Lu}[\p{L}-]+(?: \p{Lu}[\p{L}-]+)? (?:kommun|stad|universitet|högskola)`),
}

// authority gives the name of an authority that the text speaks of most.
func authority(s string) string {
	counts := map[string]int{}
	for _, re := range authorities {
		for _, m := range re.FindAllString(s, -1) {
			counts[m]++
		}
	}
	for name, n := range counts { // "Region Värmlands" is said of Region Värmland
		if base, ok := strings.CutSuffix(name, "s"); ok && counts[base] > 0 {
			counts[base] += n
			delete(counts, name)
		}
	}
	best, most := "", 1
	for name, n := range counts {
		if n > most || n == most && best != "" && name < best {
			best, most = name, n
		}
	}
	return best
}
