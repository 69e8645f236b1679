package text

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestFromHTML(t *testing.T) {
	t.Parallel()
	tests := []struct{ name, in, want string }{
		{"empty", "", ""},
		{"plain", "bara\n text", "bara text"},
		{"entities", "R&amp;D &lt;b&gt; &aring;&nbsp;&#228; &shy;x", "R&D <b> å ä x"},
		{"less than", "1 < 2 och 3 > 2", "1 < 2 och 3 > 2"},
		{"paragraphs", "<p>Ett</p>\n<p>Två</p><p></p><p>&nbsp;</p><p>Tre</p>", "Ett\n\nTvå\n\nTre"},
		{"inline", "<p>En <b>f</b>et <i>text</i><span>er</span> <a href='x'>här</a>.</p>", "En fet texter här."},
		{"line breaks", "a<br>b<br/>c<br><br>d<br><br><br>e", "a\nb\nc\n\nd\n\ne"},
		{"heading", "<div>Före<h2>Rubrik\n två</h2>efter</div>", "Före\n\nRubrik två\n\nefter"},
		{"divs", "<div>a</div><div>b<div>c</div></div>", "a\nb\nc"},
		{"list", "<p>Krav:</p><ul><li>ett</li>\n<li>två</li></ul><p>Slut</p>", "Krav:\n\n- ett\n- två\n\nSlut"},
		{"list of paragraphs", "<ul><li><p>ett</p></li><li><p>två</p><p>mer</p></li><li></li></ul>x", "- ett\n- två\n\nmer\n\nx"},
		{"nested list", "<ol><li>a<ul><li>b</li><li>c</li></ul></li><li>d</li></ol>", "- a\n- b\n- c\n- d"},
		{"open items", "<ul><li>a<li>b<p>c<li>d</ul>", "- a\n- b\n\nc\n- d"},
		{"terms", "<dl><dt>Budget</dt><dd>3 M€</dd><dt>Antal</dt><dd>4</dd></dl>", "Budget\n3 M€\nAntal\n4"},
		{"table", "<p>x</p><table><thead><tr><th>År</th><th>Belopp</th></tr></thead><tbody><tr><td>2026</td><td><p>3</p><p>M€</p></td></tr></tbody></table>y", "x\n\nÅr | Belopp\n2026 | 3 M€\n\ny"},
		{"open cells", "<table><tr><td>a<td>b<tr><td>c<td>d</table>", "a | b\nc | d"},
		{"layout table", "<table><tr><td><p>a</p><p>b</p></td></tr></table>", "a\n\nb"},
		{"table in table", "<table><tr><td>x</td><td><table><tr><td>1</td><td>2</td></tr></table></td></tr></table>", "x | 1 | 2"},
		{"stray cells", "<td>a</td><td>b</td></table></tr></ul></li>c", "a\nb\n\nc"},
		{"open table", "<table><tr><td>a</td><td>b", "a | b"},
		{"caption", "<table><caption>Rubrik</caption><tr><td>a</td><td>b</td></tr></table>", "Rubrik\n\na | b"},
		{"script", "a<script>alert('x')</script><style>p{}</style>b<noscript>c</noscript><!-- d -->", "ab"},
		{"handlers", `<p onclick="evil()">a <a href="javascript:evil()">b</a></p><img src=x onerror=evil()>`, "a b"},
		{"odd script", "<scr<script>ipt>alert(1)</scr</script>ipt>ok", "ipt>alert(1)ipt>ok"}, // text, not a script any more
		{"pre", "<pre>a\n  b\n\nc</pre>d", "a\nb\n\nc\n\nd"},
		{"invisible", "infra&shy;struk\u200btur\r\n och Va&#776;ster", "infrastruktur och Väster"},
		{"portal", `<p><span class="topicdescriptionkind">Expected Outcome</span>:<p>Projects deliver.</p><ul class="eui-u-mt-l>"><li>One;</li></ul>`, "Expected Outcome:\n\nProjects deliver.\n\n- One;"},
		{"document", "<!DOCTYPE html><html><head><meta charset=utf-8></head><body><main>x</main></body></html>", "x"},
		{"broken tag", "a <b", "a"},
		{"broken bytes", "<p>\xff\xfe</p>\x00", "\ufffd\ufffd"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, FromHTML(tt.in)); diff != "" {
				t.Errorf("FromHTML(%q) (-want +got):\n%s", tt.in, diff)
			}
		})
	}
}

// TestFromHTMLIsBounded gives documents on which a careless reader overflows its stack or works for
// minutes. That it comes to its end is the test.
func TestFromHTMLIsBounded(t *testing.T) {
	t.Parallel()
	for i, piece := range []string{
		"<div>", "<table>", "<table><tr><td>", "<ul><li>", "<p", "</p>", "<b>x", "<!--", "<!", "<a href='", "&amp", "&#", "<script>", "<textarea>",
		"<pre>\n", "<br>", "<td>x", "x ", "</table>", "<svg><p>", "<p a=b c=d>", "<object>", "<![CDATA[", "<h1>x</h1>", "\u0301",
	} {
		size := 256 << 10
		if i == 0 {
			size = 5 << 20
		}
		start := time.Now()
		got := FromHTML(strings.Repeat(piece, size/len(piece)))
		normal(t, piece, got)
		t.Logf("%-16q %8d characters in %v", piece, len(got), time.Since(start).Round(time.Millisecond))
	}
}

func FuzzFromHTML(f *testing.F) {
	for _, s := range []string{"<p class=x>a<b>b</b>\n&amp;lt;</p><br/>c<span", "<p>&am<i>p;</i>", "<p/>a<!-- x -->b<U>c", "<b><p>&#13;\r\n\x00</B><a href='>'>x", "<p>a</p><ul><li>b</ul>", "<table><tr><td>a<td>b<tr><td><table><tr><td>c", "<pre>a\n\nb</pre>&shy;x", "<script>x</script>y", "<ul><li><ul><li>x</table></ul>"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		got := FromHTML(s)
		normal(t, "FromHTML", got)
		if again := FromPlain(got); again != got {
			t.Fatalf("FromHTML(%q) = %q, which FromPlain makes %q", s, got, again)
		}
		if sanitised, _ := read(policy().Sanitize(s), nil); got != sanitised && strings.TrimSpace(s) != "" && strings.ContainsAny(s, "<&") {
			t.Fatalf("FromHTML(%q) = %q; sanitised first it is %q", s, got, sanitised)
		}
	})
}
