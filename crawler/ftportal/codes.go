package ftportal

import (
	_ "embed"
	"net/url"
	"strings"
	"sync"

	"utkik/internal/text"
)

//go:embed codes.tsv
var codesFile string

// codes is the table of codes known when this was written: what stands between a reader and a bare number
// when the portal's facet does not answer.
type codes struct {
	programmes map[string]string // code to short name
	divisions  map[string]string // code to label
}

var known = sync.OnceValue(func() codes {
	t := codes{map[string]string{}, map[string]string{}}
	for line := range strings.Lines(codesFile) {
		f := strings.Split(strings.TrimSuffix(line, "\n"), "\t")
		if len(f) != 4 || strings.HasPrefix(line, "#") {
			continue
		}
		if f[0] == "frameworkProgramme" {
			t.programmes[f[1]] = f[2]
		} else {
			t.divisions[f[1]] = f[3]
		}
	}
	return t
})

// readLabel mends a label of the facet, which comes URL-encoded once too often (%26, %E2%80%93). A plus sign
// that became a space cannot be told from one that was always there; it stays a space.
func readLabel(s string) string {
	if u, err := url.PathUnescape(s); err == nil {
		s = u
	}
	return strings.NewReplacer("( ", "(", " )", ")").Replace(text.Clean(s))
}

// shortName gives the abbreviation that a programme's label ends with: LIFE of "Programme for the Environment
// and Climate Action (LIFE)", H2020 of "Horizon 2020 Framework Programme (H2020 - 2014-2020)".
func shortName(label string) string {
	open := strings.LastIndex(label, "(")
	if open < 0 || !strings.HasSuffix(label, ")") {
		return ""
	}
	short, _, _ := strings.Cut(label[open+1:len(label)-1], " - ")
	return strings.TrimSpace(short)
}

// isCode tells whether s is a code that no label has replaced.
func isCode(s string) bool {
	return s != "" && strings.Trim(s, "0123456789") == ""
}
