"""The village of site_test.go, read as Scrapy's tutorial does: follow the links, take what is wanted by selectors."""
import scrapy


class Village(scrapy.Spider):
    name = "village"

    def start_requests(self):
        yield scrapy.Request(self.base + "/list")

    def parse(self, response):
        yield from response.follow_all(css="article h2 a", callback=self.parse_call)

    def parse_call(self, response):
        main = response.css("main")
        yield {
            "url": response.url,
            "title": main.css("h1::text").get(),
            "deadline": main.re_first(r"Deadline: (\d{4}-\d\d-\d\d)"),
            "text": "\n".join(t.strip() for t in main.css("p::text").getall()),
        }
