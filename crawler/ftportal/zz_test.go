package ftportal
import ("regexp";"strings";"testing")
var nullWordOld = regexp.MustCompile(`(^|[.!?:;)\]]\s+|\n)null(\s|$)`)
func mendTextOld(s string) string {
	if !strings.Contains(s, "null") { return s }
	return strings.TrimSpace(nullWordOld.ReplaceAllString(s, "$1"))
}
func FuzzMendOld(f *testing.F) {
	for _, s := range []string{"null", "a. null b", ". null null", "\nnull\nnull", "null null null", "a null. null\n\nnull b", " null", ". \n null x", "nullnull", "x) null null. null"} { f.Add(s) }
	alpha := []string{"null", " ", "\n", ".", "a", "null ", ". null", ")", "\t", "\r"}
	f.Fuzz(func(t *testing.T, s string) {
		check := func(s string) {
			want := mendTextOld(s); got := mendText(s)
			if strings.TrimSpace(got) != strings.TrimSpace(want) { t.Errorf("%q: %q want %q", s, got, want) }
		}
		check(s)
		var b strings.Builder
		for i := range len(s) { b.WriteString(alpha[int(s[i])%len(alpha)]) }
		check(b.String())
	})
}
