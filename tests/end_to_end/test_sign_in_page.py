"""Signing in, and out again, as a user does it: with the form, in a real browser."""

from chromium import chromium
from harness.stack import HotlineStack
from playwright.async_api import expect

from hotline.signin import FIRST_USER


async def test_the_first_user_signs_in_and_out(stack: HotlineStack) -> None:
    password = stack.secrets.user(FIRST_USER)
    async with chromium() as browser:
        page = await browser.new_page()
        await page.goto(stack.pages)
        await page.fill("#name", FIRST_USER)
        await page.fill("#password", "not this one")
        await page.keyboard.press("Enter")
        await expect(page.locator("[role=alert]")).to_be_visible()
        await page.fill("#name", FIRST_USER)
        await page.fill("#password", password)
        await page.keyboard.press("Enter")
        await expect(page.locator("body")).to_have_class("wallboard live")
        await page.goto(f"{stack.pages}/password")
        await page.click("form.sign-out button")
        await page.goto(stack.pages)
        await expect(page.locator("#password")).to_be_visible()
